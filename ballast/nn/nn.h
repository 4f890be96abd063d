// Modules, containers, layers, their initialisation and their functions.
#pragma once

#include "ballast/nn/clone.h"
#include "ballast/nn/cloneable.h"
#include "ballast/nn/containers/module_dict.h"
#include "ballast/nn/containers/module_list.h"
#include "ballast/nn/containers/parameter_dict.h"
#include "ballast/nn/containers/parameter_list.h"
#include "ballast/nn/containers/sequential.h"
#include "ballast/nn/enums.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/init.h"
#include "ballast/nn/layers/layers.h"
#include "ballast/nn/module.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"
#include "ballast/nn/tying.h"
#include "ballast/nn/utils/parameters_to_vector.h"
