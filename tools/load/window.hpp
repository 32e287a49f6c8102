// How many batches a closed loop keeps in flight: doubles while that raises the committed rate.
#pragma once
#include <algorithm>
#include <cstddef>

namespace witan::loadgen {

class Window {
 public:
  Window(std::size_t first, std::size_t max) : size_(std::min(first, max)), max_(max) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool settled() const { return settled_; }
  // The committed rate of a period that ran with size(). A fifth more than the best so far
  // counts as growth (twice the window for less only queues); a period without any commit says
  // nothing; otherwise the smaller window that was as good is kept for good.
  void on_rate(double per_second) {
    if (settled_ || per_second <= 0) return;
    if (per_second <= best_ * 1.2) {
      size_ = std::max<std::size_t>(1, best_size_);
      settled_ = true;
      return;
    }
    best_ = per_second;
    best_size_ = size_;
    if (size_ == max_) {
      settled_ = true;
    } else {
      size_ = std::min(size_ * 2, max_);
    }
  }

 private:
  std::size_t size_;
  std::size_t max_;
  std::size_t best_size_ = 0;
  double best_ = 0;
  bool settled_ = false;
};

}  // namespace witan::loadgen
