#include "spec/template.hpp"

namespace withstand::spec {
namespace {

std::optional<std::string> look_up(std::string_view name) {
  if (name == "address") return "198.18.0.2";
  if (name == "port.client") return "6379";
  if (name == "odd") return "{address}";
  return std::nullopt;
}

TEST(Expand, ReplacesEveryPlaceholderOnce) {
  EXPECT_EQ(*expand("http://{address}:{port.client}/", look_up), "http://198.18.0.2:6379/");
  EXPECT_EQ(*expand("plain", look_up), "plain");
  EXPECT_EQ(*expand("", look_up), "");
  EXPECT_EQ(*expand("{odd}", look_up), "{address}");
}

TEST(Expand, KeepsDoubledBraces) {
  EXPECT_EQ(*expand("{{\"a\": {address}}}", look_up), "{\"a\": 198.18.0.2}");
  EXPECT_EQ(*expand("${{HOME}}", look_up), "${HOME}");
}

TEST(Expand, SaysWhatIsWrongAndWhere) {
  const auto unknown = expand("é {adress}", look_up);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().message, "unknown placeholder '{adress}'");
  EXPECT_EQ(unknown.error().offset, 2);
  EXPECT_EQ(unknown.error().length, 8);
  EXPECT_EQ(expand("a } b", look_up).error().message, "'}' closes nothing");
  EXPECT_EQ(expand("a } b", look_up).error().offset, 2);
  EXPECT_EQ(expand("a {b", look_up).error().message, "'{' is never closed");
  EXPECT_EQ(expand("a {b {address}", look_up).error().offset, 2);
}

TEST(Keep, LeavesSomePlaceholdersForLater) {
  const auto kept = [](const char* text) { return keep(text, {"key", "value"}); };
  EXPECT_EQ(kept("/kv/{key}?at={address}"), "/kv/{{key}}?at={address}");
  EXPECT_EQ(*expand(kept("/kv/{key}?at={address}"), look_up), "/kv/{key}?at=198.18.0.2");
  EXPECT_EQ(*expand(kept("{{\"v\": \"{value}\"}}"), look_up), "{\"v\": \"{value}\"}");
  EXPECT_EQ(*expand(kept("{{key}}"), look_up), "{key}");
  EXPECT_EQ(kept("{broken"), "{broken");
}

TEST(Placeholders, AreFoundInOrder) {
  const auto found = placeholders("{a} {{x}} {b.c}");
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at(0).name, "a");
  EXPECT_EQ(found->at(1).name, "b.c");
  EXPECT_EQ(found->at(1).offset, 10);
  EXPECT_EQ(found->at(1).length, 5);
}

}  // namespace
}  // namespace withstand::spec
