// Layers as functions: what a forward computes, given its parameters. One header per topic under
// functional/.
//
//   namespace F = ballast::nn::functional;
//   Tensor h = F::relu(F::linear(x, fc->weight, fc->bias));
#pragma once

#include "ballast/nn/functional/activation.h"
#include "ballast/nn/functional/attention.h"
#include "ballast/nn/functional/convolution.h"
#include "ballast/nn/functional/distance.h"
#include "ballast/nn/functional/dropout.h"
#include "ballast/nn/functional/embedding.h"
#include "ballast/nn/functional/linear.h"
#include "ballast/nn/functional/loss.h"
#include "ballast/nn/functional/normalization.h"
#include "ballast/nn/functional/padding.h"
#include "ballast/nn/functional/pooling.h"
#include "ballast/nn/functional/rnn.h"
#include "ballast/nn/functional/vision.h"
