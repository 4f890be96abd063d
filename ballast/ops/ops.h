// Every operation on tensors, by topic. Members of Tensor have their documentation in the header of their topic.
#pragma once

#include "ballast/ops/arithmetic.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/copy.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/indexing.h"
#include "ballast/ops/join.h"
#include "ballast/ops/linalg.h"
#include "ballast/ops/matmul.h"
#include "ballast/ops/promotion.h"
#include "ballast/ops/random.h"
#include "ballast/ops/reduction.h"
#include "ballast/ops/selection.h"
#include "ballast/ops/tensor_data.h"
#include "ballast/ops/unary.h"
#include "ballast/ops/view.h"
