// All that a program using Ballast needs.
//
//   #include <ballast/ballast.h>
//   namespace nn = ballast::nn;
//
//   ballast::manual_seed(0);
//   nn::Sequential mlp{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)};
//   for (const auto& [name, p] : mlp->named_parameters()) fmt::print("{} = {}\n", name, p);
//   ballast::save(mlp->state_dict(), "mlp.pth");
#pragma once

#include "ballast/autograd/autograd.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/optimizer_state.h"
#include "ballast/checkpoint/reader.h"
#include "ballast/checkpoint/save.h"
#include "ballast/checkpoint/scheduler_state.h"
#include "ballast/core/generator.h"
#include "ballast/core/lost_pages.h"
#include "ballast/core/match/match.h"
#include "ballast/core/parallel.h"
#include "ballast/core/print.h"
#include "ballast/core/state_dict.h"
#include "ballast/core/storage_cache.h"
#include "ballast/core/tensor.h"
#include "ballast/core/warning.h"
#include "ballast/data/data.h"
#include "ballast/inspect/compare.h"
#include "ballast/inspect/health.h"
#include "ballast/inspect/parameter_table.h"
#include "ballast/inspect/statistics.h"
#include "ballast/nn/nn.h"
#include "ballast/ops/ops.h"
#include "ballast/optim/optim.h"
#include "ballast/summary/analyze_model_parameters.h"
#include "ballast/summary/summary.h"
