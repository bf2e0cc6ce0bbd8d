#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "core/event_loop.hpp"

namespace withstand::lab {

/// Callbacks for one kind of event. While they are called, callbacks may come and go.
template <class... Arguments>
class Subscribers {
 public:
  using Callback = std::function<void(Arguments...)>;

  [[nodiscard]] core::EventLoop::Registration add(Callback callback) {
    const std::uint64_t id = ++list_->last;
    list_->callbacks[id] = std::make_shared<Callback>(std::move(callback));
    return core::EventLoop::Registration([list = std::weak_ptr<List>(list_), id] {
      if (const auto living = list.lock()) living->callbacks.erase(id);
    });
  }

  void call(Arguments... arguments) const {
    const auto list = list_;  // this object may be destroyed by a callback
    const std::uint64_t last = list->last;
    for (auto it = list->callbacks.begin(); it != list->callbacks.end() && it->first <= last;) {
      const std::uint64_t id = it->first;
      const auto callback = it->second;
      (*callback)(arguments...);
      it = list->callbacks.upper_bound(id);
    }
  }

  [[nodiscard]] bool empty() const { return list_->callbacks.empty(); }

 private:
  struct List {
    std::uint64_t last = 0;
    std::map<std::uint64_t, std::shared_ptr<Callback>> callbacks;
  };
  std::shared_ptr<List> list_ = std::make_shared<List>();
};

}  // namespace withstand::lab
