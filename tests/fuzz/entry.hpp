#pragma once

#include <string_view>

/// What the fuzzers and the mutation test call. Each must neither crash nor throw on any input, and checks what holds
/// for every input; a broken promise aborts with a message on stderr.
namespace withstand::fuzz {

/// An experiment file: every diagnostic points into a file that was read, and reading is a function of the text.
void experiment(std::string_view input);
/// A target.toml: likewise.
void target(std::string_view input);
/// Thresholds, stop conditions, quantities, templates, selectors: what is accepted reads back as itself.
void texts(std::string_view input);

/// Metrics in Prometheus text: the first line is the selector, the rest what a target answered.
void exposition(std::string_view input);
/// An HTTP URL: what is accepted reads back as itself and cannot break out of a request's first line.
void url(std::string_view input);
/// A history, read as every format and judged as every model, within small limits: a verdict says something, and a
/// failure which operations it is about.
void history(std::string_view input);

/// A path pattern, and behind the first newline a path: what is accepted is a regular expression, and looking the path
/// up, or its folder, finds whatever matching finds.
void glob(std::string_view input);

}  // namespace withstand::fuzz
