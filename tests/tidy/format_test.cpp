#include <cstdio>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>

#include "tidy/tree.hpp"

namespace withstand::tidy {
namespace {

/// Both streams of a shell command, and its exit status.
std::pair<std::string, int> output_of(const std::string& command) {
  std::string text;
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  for (int c = 0; pipe != nullptr && (c = std::fgetc(pipe)) != EOF;) text.push_back(static_cast<char>(c));
  return {text, pipe == nullptr ? -1 : ::pclose(pipe)};
}

bool installed(const std::string& program) { return output_of("command -v " + program).second == 0; }

std::string in_root(const std::string& command) { return fmt::format("cd '{}' && {}", WITHSTAND_SOURCE_DIR, command); }

TEST(Format, ClangFormatWouldChangeNothing) {
  if (!installed("clang-format-14")) GTEST_SKIP() << "clang-format-14 is not installed";
  std::string files;
  for (const auto& file : tree())
    if (file.is_cpp()) files += " '" + file.path + "'";
  const auto [text, status] = output_of(in_root("clang-format-14 --dry-run -Werror" + files));
  EXPECT_EQ(status, 0) << text;
}

TEST(Format, ShellcheckFindsNothing) {
  if (!installed("shellcheck")) GTEST_SKIP() << "shellcheck is not installed";
  std::string files;
  for (const auto& file : tree())
    if (file.text.starts_with("#!/bin/sh") || file.text.starts_with("#!/usr/bin/env bash"))
      files += " '" + file.path + "'";
  const auto [text, status] = output_of(in_root("shellcheck" + files));
  EXPECT_EQ(status, 0) << text;
}

}  // namespace
}  // namespace withstand::tidy
