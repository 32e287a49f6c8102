#include "actors/sync/core/fetch_window.hpp"

#include <algorithm>

#include "messages/base/check.hpp"

namespace witan::sync {

namespace {
constexpr std::size_t expired_max = 64;
}

std::size_t FetchWindow::size_of(const SyncBlock& block) {
  return item_bytes(block.bytes.size(), block.certificate.signatures.size());
}

FetchWindow::HeldMap::iterator FetchWindow::erase(HeldMap::iterator at) {
  held_bytes_ -= size_of(at->second.block);
  return held_.erase(at);
}

void FetchWindow::advance(std::uint64_t tip) {
  tip_ = std::max(tip_, tip);
  for (auto at = held_.begin(); at != held_.end() && at->first <= tip_;) at = erase(at);
}

// The last height of the open request that covers `height`, if one does.
std::optional<std::uint64_t> FetchWindow::covered_until(std::uint64_t height) const {
  std::optional<std::uint64_t> last;
  for (const auto& [id, request] : open_)
    if (request.range.first <= height && height <= request.range.last)
      last = std::max(last.value_or(0), request.range.last);
  return last;
}

std::optional<Range> FetchWindow::missing(std::uint64_t from, std::uint64_t limit) const {
  const std::uint64_t end = std::min(limit, tip_ + params_.window_blocks);
  std::uint64_t first = std::max(from, tip_ + 1);
  while (first <= end) {
    if (held_.contains(first)) {
      ++first;
    } else if (const auto covered = covered_until(first)) {
      first = *covered + 1;
    } else {
      break;
    }
  }
  if (first > end) return std::nullopt;
  std::uint64_t last = first;
  while (last < end && last - first + 1 < params_.range_blocks && !held_.contains(last + 1) &&
         !covered_until(last + 1))
    ++last;
  return Range{first, last};
}

bool FetchWindow::has_room(std::uint64_t first) const {
  if (bytes_used() + params_.request_bytes <= params_.window_bytes) return true;
  return first == tip_ + 1 && bytes_used() <= params_.window_bytes;
}

void FetchWindow::open(const Request& request) {
  const bool added = open_.emplace(request.id, request).second;
  WITAN_CHECK(added, request.id);
}

std::optional<FetchWindow::Closed> FetchWindow::close(PeerId peer, std::uint64_t id) {
  if (const auto at = open_.find(id); at != open_.end() && at->second.peer == peer) {
    const Request request = at->second;
    open_.erase(at);
    return Closed{request, false};
  }
  const auto at = std::find_if(expired_.begin(), expired_.end(),
                               [&](const Request& r) { return r.id == id && r.peer == peer; });
  if (at == expired_.end()) return std::nullopt;
  const Request request = *at;
  expired_.erase(at);
  return Closed{request, true};
}

std::vector<Request> FetchWindow::expire(Instant now) {
  std::vector<Request> out;
  for (auto at = open_.begin(); at != open_.end();) {
    if (at->second.deadline > now) {
      ++at;
      continue;
    }
    out.push_back(at->second);
    expired_.push_back(at->second);
    if (expired_.size() > expired_max) expired_.pop_front();
    at = open_.erase(at);
  }
  return out;
}

void FetchWindow::drop_peer(PeerId peer, bool drop_blocks) {
  std::erase_if(open_, [&](const auto& entry) { return entry.second.peer == peer; });
  std::erase_if(expired_, [&](const Request& r) { return r.peer == peer; });
  for (auto at = held_.begin(); at != held_.end();) {
    if (at->second.peer == peer && drop_blocks && !at->second.verified) {
      at = erase(at);
      continue;
    }
    if (at->second.peer == peer) at->second.peer = 0;
    ++at;
  }
}

bool FetchWindow::keep(std::uint64_t height, PeerId peer, SyncBlock block) {
  if (height <= tip_ || height > tip_ + params_.window_blocks || held_.contains(height))
    return false;
  // A late answer has no reservation any more: it may use only what is free, or the surplus that
  // belongs to the next height.
  const std::size_t bytes = size_of(block);
  const std::size_t surplus = height == tip_ + 1 ? params_.request_bytes : 0;
  if (bytes_used() + bytes > params_.window_bytes + surplus) return false;
  held_bytes_ += bytes;
  held_.emplace(height, Held{std::move(block), peer, false});
  return true;
}

const Held* FetchWindow::held(std::uint64_t height) const {
  const auto at = held_.find(height);
  return at == held_.end() ? nullptr : &at->second;
}

void FetchWindow::set_verified(std::uint64_t height) {
  const auto at = held_.find(height);
  WITAN_CHECK(at != held_.end(), height);
  at->second.verified = true;
}

void FetchWindow::replace_certificate(std::uint64_t height, const Certificate& certificate) {
  const auto at = held_.find(height);
  WITAN_CHECK(at != held_.end(), height);
  SyncBlock& block = at->second.block;
  held_bytes_ -= size_of(block);
  block.certificate = certificate;
  held_bytes_ += size_of(block);
}

void FetchWindow::drop(std::uint64_t height) {
  if (const auto at = held_.find(height); at != held_.end()) erase(at);
}

bool FetchWindow::is_wanted(Range range) const {
  for (std::uint64_t h = std::max(range.first, tip_ + 1); h <= range.last; ++h)
    if (!held_.contains(h)) return true;
  return false;
}

}  // namespace witan::sync
