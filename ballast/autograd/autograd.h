// Gradients: what a program needs beside the members of Tensor (core/tensor.h).
//
//   Tensor loss = mse_loss(model->forward(x), y);
//   loss.backward();                                    // fills the .grad of every parameter
//   auto g = autograd::grad({loss}, {x});               // or as values
#pragma once

#include "ballast/autograd/anomaly_mode.h"
#include "ballast/autograd/engine.h"
#include "ballast/autograd/function.h"
#include "ballast/autograd/grad_mode.h"
#include "ballast/autograd/gradcheck.h"
