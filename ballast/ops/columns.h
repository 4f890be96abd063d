// The windows of an image as the columns of a matrix, and back: [channels, in...] <-> [channels x places
// of a window, windows].
// What lies outside the image reads as 0. Not installed.
#pragma once

#include <cstring>

#include "ballast/ops/windows.h"

namespace ballast::detail {

/// Calls f(row of the matrix, from, step, first, last) for each row of the matrix and each line of windows
/// in it: elements first
/// to last of the row's line are those at `from` + i * step of the image; the others lie outside.
template <class F>
void walk_columns(std::int64_t channels, const Space& in, const Space& out, const Windows& w, const F& f) {
  std::int64_t row = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t kd = 0; kd < w.kernel[0]; ++kd) {
      for (std::int64_t kh = 0; kh < w.kernel[1]; ++kh) {
        for (std::int64_t kw = 0; kw < w.kernel[2]; ++kw) {
          const Inside across(w, 2, kw, in[2], out[2]);
          std::int64_t line = row * places(out);
          for (std::int64_t od = 0; od < out[0]; ++od) {
            const std::int64_t id = od * w.stride[0] - w.before[0] + kd * w.dilation[0];
            for (std::int64_t oh = 0; oh < out[1]; ++oh, line += out[2]) {
              const std::int64_t ih = oh * w.stride[1] - w.before[1] + kh * w.dilation[1];
              const bool inside = id >= 0 && id < in[0] && ih >= 0 && ih < in[1];
              const std::int64_t from =
                  ((c * in[0] + id) * in[1] + ih) * in[2] - w.before[2] + kw * w.dilation[2];
              f(line, from, inside ? across.first : 0, inside ? across.last : 0);
            }
          }
          ++row;
        }
      }
    }
  }
}

/// columns [channels * places(kernel), places(out)] from the image.
template <class T>
void to_columns(const T* image, T* columns, std::int64_t channels, const Space& in, const Space& out,
                const Windows& w) {
  const std::int64_t step = w.stride[2];
  walk_columns(
      channels, in, out, w, [&](std::int64_t line, std::int64_t from, std::int64_t first, std::int64_t last) {
        T* const to = columns + line;
        std::fill(to, to + first, T(0));
        if (step == 1 && last > first) {
          std::memcpy(to + first, image + from + first, static_cast<std::size_t>(last - first) * sizeof(T));
        } else {
          for (std::int64_t i = first; i < last; ++i) to[i] = image[from + i * step];
        }
        std::fill(to + last, to + out[2], T(0));
      });
}

/// Adds the columns to the places of the image they came from.
template <class T>
void add_columns(const T* columns, T* image, std::int64_t channels, const Space& in, const Space& out,
                 const Windows& w) {
  const std::int64_t step = w.stride[2];
  walk_columns(channels, in, out, w,
               [&](std::int64_t line, std::int64_t from, std::int64_t first, std::int64_t last) {
                 const T* const of = columns + line;
                 for (std::int64_t i = first; i < last; ++i) image[from + i * step] += of[i];
               });
}

}  // namespace ballast::detail
