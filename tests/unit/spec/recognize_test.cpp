#include "spec/recognize.hpp"

#include <gtest/gtest.h>

namespace withstand::spec {
namespace {

TEST(Recognize, AnExperimentHoweverItsTablesAreWritten) {
  for (const char* text :
       {"[target]\nuse = \"kv\"\n", "[[fault]]\nname = \"x\"\n", "  [ expect ]\n", "target.use = \"kv\"\n",
        "target . use = \"kv\"\n", "\"target\".use = \"kv\"\n", "title = \"x\"\ntarget = { use = \"kv\" }\n",
        "probe = [{ name = \"up\" }]\n", "[load.mix]\nread = 1\n", "[\"phases\"]\nduring = \"5s\"\n"})
    EXPECT_TRUE(may_be_experiment(text)) << text;
}

TEST(Recognize, OtherProgramsSettingsAreNone) {
  for (const char* text : {"", "title = \"x\"\n", "[build-system]\nrequires = [\"setuptools\"]\n",
                           "[tool.black]\ntarget-version = [\"py311\"]\n", "target = \"x86_64\"\nload = true\n",
                           "text = \"\"\"\n[target]\n\"\"\"\n", "# [target]\n", "[a.target]\nuse = 1\n"})
    EXPECT_FALSE(may_be_experiment(text)) << text;
}

TEST(Recognize, ABrokenTextIsOneWhenItHasALineOfOne) {
  for (const char* text : {"[target]\nuse = kv\n", "[target\nuse = \"kv\"\n", "target.use = kv\n",
                           "target = { use = \"kv\"\n", "x = [\n[[fault]]\nname =\n", "\xff\n[target]\n"})
    EXPECT_TRUE(may_be_experiment(text)) << text;
  for (const char* text : {"[tool\n", "a = b\n", "targets = { x\n", "# target.use\n]\n"})
    EXPECT_FALSE(may_be_experiment(text)) << text;
}

}  // namespace
}  // namespace withstand::spec
