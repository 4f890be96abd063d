// Optimisers, schedules of learning rates, and averages of parameters.
#pragma once

#include "ballast/optim/adadelta.h"
#include "ballast/optim/adagrad.h"
#include "ballast/optim/adam.h"
#include "ballast/optim/adamax.h"
#include "ballast/optim/lbfgs.h"
#include "ballast/optim/nadam.h"
#include "ballast/optim/optimizer.h"
#include "ballast/optim/radam.h"
#include "ballast/optim/rmsprop.h"
#include "ballast/optim/sgd.h"
