#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// Dependencies between transactions, and cycles of them.
namespace withstand::check {

/// Bits: why one comes before another.
namespace depends {
inline constexpr std::uint8_t pass = 0;       ///< goes on what came before (between helping vertices)
inline constexpr std::uint8_t ww = 1;         ///< its write was overwritten
inline constexpr std::uint8_t wr = 2;         ///< its write was read
inline constexpr std::uint8_t rw = 4;         ///< what it read was overwritten
inline constexpr std::uint8_t process = 8;    ///< its client did both, one after the other
inline constexpr std::uint8_t realtime = 16;  ///< it had ended before the other began
}  // namespace depends

struct Dependency {
  std::uint32_t from = 0, to = 0;
  std::uint32_t key = 0, value = 0;  ///< on what: the value read, or the later one written
  std::uint8_t why = depends::pass;
};

/// Vertices are transactions, and from `transactions` on helping ones that keep the number of edges linear.
class DependencyGraph {
 public:
  explicit DependencyGraph(std::uint32_t transactions) : transactions_(transactions), vertices_(transactions) {}
  void add(Dependency one) {
    if (one.from != one.to) edges_.push_back(one);
  }
  std::uint32_t helper() { return vertices_++; }
  /// Each of `from` before each of `to`, none before itself; `values` are the later ones'.
  void add_all(std::span<const std::uint32_t> from, std::span<const std::uint32_t> to,
               std::span<const std::uint32_t> values, std::uint32_t key, std::uint8_t why);
  /// Sorts the edges by where they begin. Before any look at them.
  void close();

  [[nodiscard]] std::uint32_t transactions() const { return transactions_; }
  [[nodiscard]] std::uint32_t vertices() const { return vertices_; }
  [[nodiscard]] bool is_helper(std::uint32_t vertex) const { return vertex >= transactions_; }
  [[nodiscard]] std::span<const Dependency> edges() const { return edges_; }
  [[nodiscard]] std::span<const Dependency> out_of(std::uint32_t vertex) const {
    return std::span(edges_).subspan(starts_[vertex], starts_[vertex + 1] - starts_[vertex]);
  }

 private:
  std::uint32_t transactions_, vertices_;
  std::vector<Dependency> edges_;
  std::vector<std::size_t> starts_;
};

/// Which cycles are looked for.
struct CycleKind {
  std::uint8_t allowed = 0;  ///< edges with no other bit
  bool rw_apart = false;     ///< no two anti-dependencies next to each other
};

/// Strongly connected components, with the product of vertices and whether the last step was an anti-dependency where
/// those must be apart. R. Tarjan, SIAM J. Comput. 1(2), 1972. O(vertices + edges).
class Components {
 public:
  /// Only vertices whose `among` is the same and not 0 are joined; empty: all.
  Components(const DependencyGraph& graph, CycleKind kind, std::span<const std::uint32_t> among);
  /// From 1; 0: on no cycle. Of a vertex, its last step no anti-dependency, or one.
  [[nodiscard]] std::uint32_t of(std::uint32_t vertex, bool after_rw) const {
    return component_[2 * std::size_t{vertex} + (after_rw ? 1 : 0)];
  }
  [[nodiscard]] std::uint32_t of(std::uint32_t vertex) const { return std::max(of(vertex, false), of(vertex, true)); }
  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] const CycleKind& kind() const { return kind_; }
  /// The state after this edge, taken in state `after_rw`; false: it may not be taken.
  [[nodiscard]] bool step(const Dependency& edge, bool after_rw, bool& then) const;

 private:
  void visit(std::uint32_t root);

  const DependencyGraph& graph_;
  CycleKind kind_;
  std::span<const std::uint32_t> among_;
  std::vector<std::uint32_t> component_, order_, low_;
  std::vector<bool> open_;
  std::vector<std::uint32_t> stack_;
  std::uint32_t count_ = 0, next_ = 0;
};

/// A shortest cycle inside a component that begins with this edge, taken in this state; empty: none. Edges in order.
std::vector<Dependency> cycle_through(const DependencyGraph& graph, const Components& components,
                                      const Dependency& edge, bool after_rw);

}  // namespace withstand::check
