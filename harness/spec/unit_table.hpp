#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "spec/units.hpp"

/// The units themselves: shared by the parser, its complaints and the writer.
namespace withstand::spec {

__extension__ using Wide = __int128;

/// One unit is `numerator / denominator` of the quantity's base (ns, ppb, bytes, mHz, bit/s).
struct Unit {
  std::string_view name;
  std::int64_t numerator;
  std::int64_t denominator = 1;
};

inline constexpr std::array duration_units{Unit{"d", 86'400'000'000'000},
                                           Unit{"h", 3'600'000'000'000},
                                           Unit{"m", 60'000'000'000},
                                           Unit{"s", 1'000'000'000},
                                           Unit{"ms", 1'000'000},
                                           Unit{"us", 1'000},
                                           Unit{"ns", 1}};
inline constexpr std::array ratio_units{Unit{"%", 10'000'000}, Unit{"ppm", 1'000}, Unit{"ppb", 1}};
inline constexpr std::array bytes_units{Unit{"TiB", 1LL << 40},
                                        Unit{"TB", 1'000'000'000'000},
                                        Unit{"GiB", 1LL << 30},
                                        Unit{"GB", 1'000'000'000},
                                        Unit{"MiB", 1LL << 20},
                                        Unit{"MB", 1'000'000},
                                        Unit{"KiB", 1LL << 10},
                                        Unit{"kB", 1'000},
                                        Unit{"B", 1}};
inline constexpr std::array rate_units{Unit{"/s", 1'000}, Unit{"/m", 1'000, 60}, Unit{"/h", 1'000, 3'600}};
inline constexpr std::array bandwidth_units{Unit{"Tbit/s", 1'000'000'000'000},
                                            Unit{"GiB/s", 8LL << 30},
                                            Unit{"GB/s", 8'000'000'000},
                                            Unit{"Gbit/s", 1'000'000'000},
                                            Unit{"MiB/s", 8LL << 20},
                                            Unit{"MB/s", 8'000'000},
                                            Unit{"Mbit/s", 1'000'000},
                                            Unit{"KiB/s", 8LL << 10},
                                            Unit{"kB/s", 8'000},
                                            Unit{"kbit/s", 1'000},
                                            Unit{"B/s", 8},
                                            Unit{"bit/s", 1}};

inline constexpr std::array all_quantities{Quantity::duration, Quantity::ratio, Quantity::bytes, Quantity::rate,
                                           Quantity::bandwidth};

inline constexpr int most_digits = 18;  // what an int64 holds whatever the digits are

constexpr std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

/// Largest unit first.
std::span<const Unit> units_of(Quantity quantity);
/// nullptr when the quantity has no such unit.
const Unit* find_unit(Quantity quantity, std::string_view name);

/// A number without a unit: `digits / 10^decimals`
struct Decimal {
  std::int64_t digits = 0;
  int decimals = 0;
  std::size_t length = 0;  ///< characters taken; 0: no number here
  int whole_digits = 0;    ///< before the point, without leading zeros
  bool too_long = false;   ///< more than most_digits: `digits` and `decimals` are those that fit
};

/// From the front of the text.
Decimal take_decimal(std::string_view text);

/// A number of so many digits that it is not read.
Complaint too_long(Quantity quantity, std::string_view text, const Decimal& number, const Unit& unit);
Complaint no_number(Quantity quantity, std::string_view text);
/// `unit` behind `number` in `text` is none of the quantity's.
Complaint wrong_unit(Quantity quantity, std::string_view text, std::string_view number, std::string_view unit);

}  // namespace withstand::spec
