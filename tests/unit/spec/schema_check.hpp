#pragma once

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

/// Validates TOML files against a JSON Schema with Python's jsonschema. Header-only, for the tests of several folders.
namespace withstand::spec::fixtures {

/// Empty when the validator can run; else why not.
inline std::string no_validator() {
  const int status = std::system("python3 -c 'import jsonschema, tomllib' 2>/dev/null");  // NOLINT: a fixed command
  return status == 0 ? "" : "python3 with jsonschema and tomllib is missing (apt install python3-jsonschema)";
}

/// A folder that is gone at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / fmt::format("withstand-schema-{}", ::getpid())) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

/// By file: empty when it is valid, else the validator's words.
inline std::map<std::string, std::string> validate(const std::string& schema, const std::vector<std::string>& files) {
  const TemporaryFolder folder;
  std::string command = fmt::format("python3 '{}/tests/unit/spec/validate_schema.py' '{}'", WITHSTAND_SOURCE_DIR,
                                    folder.write("schema.json", schema));
  for (const std::string& file : files) command += fmt::format(" '{}'", file);
  std::map<std::string, std::string> out;
  FILE* pipe = ::popen(command.c_str(), "r");  // NOLINT: paths of ours
  std::array<char, 4096> line{};
  while (pipe != nullptr && std::fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr) {
    std::string text(line.data());
    while (!text.empty() && text.back() == '\n') text.pop_back();
    if (text.starts_with("ok ")) out[text.substr(3)] = "";
    if (text.starts_with("wrong ")) out[text.substr(6, text.find(": ") - 6)] = text;
  }
  if (pipe != nullptr) ::pclose(pipe);
  return out;
}

}  // namespace withstand::spec::fixtures
