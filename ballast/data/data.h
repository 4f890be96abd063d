// Datasets, batches and progress.
#pragma once

#include "ballast/data/data_loader.h"
#include "ballast/data/progress_bar.h"
#include "ballast/data/tensor_dataset.h"
