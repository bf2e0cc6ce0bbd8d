#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "spec/metrics.hpp"
#include "spec/parameter.hpp"

/// Pieces of JSON Schema, draft-04: the dialect that taplo reads. Ordered, so that the text is stable.
namespace withstand::spec::schema {

using Json = nlohmann::ordered_json;
/// Key and schema, in the order they are shown.
using Properties = std::vector<std::pair<std::string, Json>>;

Json text(const std::string& description);
Json matching(const std::string& pattern, const std::string& description);
Json one_of_texts(const std::vector<std::string>& choices, const std::string& description);
Json integer(std::int64_t minimum, std::int64_t maximum, const std::string& description);
Json boolean(const std::string& description);
Json number(const std::string& description);
Json texts(const std::string& description);
Json texts_matching(const std::string& pattern, const std::string& description);
Json quantity(Quantity quantity, const std::string& description);
Json array_of(Json element, const std::string& description);
Json any_of(std::vector<Json> choices, const std::string& description);
/// A table with these keys and no others.
Json table(const Properties& properties, const std::vector<std::string>& required, const std::string& description);
/// A table with keys of the user's choosing.
Json table_of(Json value, const std::string& description);

/// Regular expressions that hold in ECMAScript and in Python alike, anchored.
std::string quantity_pattern(Quantity quantity);
std::string threshold_pattern();
std::string stop_pattern();

/// A fault's parameter.
Json parameter(const Parameter& parameter);

/// The keys of a target definition: those of target.toml, and of one kind of node.
Properties target_properties();
Properties kind_properties();
Json faults(const KindTable& kinds);
Json probes();

/// Two spaces, one trailing newline.
std::string dump(const Json& schema);

}  // namespace withstand::spec::schema
