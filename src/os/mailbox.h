#pragma once

#include <array>
#include <atomic>
#include <cstddef>

namespace berth::os {

/// Something that one reactor hands to another, which then owns it.
class Parcel {
 public:
  Parcel() = default;
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;
  virtual ~Parcel() = default;
  /// Called once on the receiver's thread; deletes itself, or hands itself on.
  virtual void arrive() = 0;
};

/// Parcels on their way from one thread to one other, without a lock: the sender alone moves
/// `tail_`, the receiver alone `head_`, each on a cache line of its own.
class Mailbox {
 public:
  static constexpr std::size_t parcels_max = 1024;  // a power of two

  Mailbox() = default;
  ~Mailbox() {
    while (Parcel* parcel = take()) delete parcel;
  }

  /// The sender's; false if it is full.
  bool put(Parcel& parcel) {
    std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == parcels_max) return false;
    parcels_[tail % parcels_max] = &parcel;
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  /// The receiver's; null if nothing is there.
  Parcel* take() {
    std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return nullptr;
    Parcel* parcel = parcels_[head % parcels_max];
    head_.store(head + 1, std::memory_order_release);
    return parcel;
  }

 private:
  alignas(64) std::atomic<std::size_t> head_ = 0;
  alignas(64) std::atomic<std::size_t> tail_ = 0;
  alignas(64) std::array<Parcel*, parcels_max> parcels_{};
};

}  // namespace berth::os
