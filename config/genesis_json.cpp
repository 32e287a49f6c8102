#include "config/genesis_json.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "config/suggest.hpp"

namespace witan::genesis_detail {

namespace {

constexpr int depth_max = 8;

std::string place_of(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto start = before.rfind('\n');
  const std::size_t column =
      start == std::string_view::npos ? before.size() : before.size() - start - 1;
  return std::to_string(line) + ":" + std::to_string(std::max<std::size_t>(column, 1));
}

// nlohmann's message without "[json.exception...] parse error at line..., column ...: ".
std::string reason_of(std::string_view what) {
  const auto at = what.find("while parsing");
  return std::string(at == std::string_view::npos ? what : what.substr(at));
}

// Notes the first repeated key or too deep value while the parser runs.
class Watch {
 public:
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (depth > depth_max) note("nested deeper than a genesis is");
    if (event == Event::object_start) open_.emplace_back();
    if (event == Event::object_end && !open_.empty()) open_.pop_back();
    if (event == Event::key && !open_.empty() &&
        !open_.back().insert(parsed.get<std::string>()).second) {
      note("the key \"" + parsed.get<std::string>() + "\" is given twice");
    }
    return problem_.empty();
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  void note(std::string text) {
    if (problem_.empty()) problem_ = std::move(text);
  }
  std::vector<std::set<std::string>> open_;
  std::string problem_;
};

}  // namespace

Result<Json> parse_json(std::string_view text) {
  Watch watch;
  try {
    Json json = Json::parse(text, std::ref(watch));
    if (!watch.problem().empty()) return fail(ErrorCode::genesis, {}, watch.problem());
    return json;
  } catch (const Json::parse_error& e) {
    return fail(ErrorCode::genesis, place_of(text, e.byte), reason_of(e.what()));
  } catch (const std::exception& e) {
    return fail(ErrorCode::genesis, {}, e.what());
  }
}

Result<ObjectReader> ObjectReader::make(const Json& json, std::string path) {
  if (!json.is_object()) {
    return fail(ErrorCode::genesis, std::move(path),
                std::string("expected an object, got ") + json.type_name());
  }
  return ObjectReader(json, std::move(path));
}

std::string ObjectReader::place(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

const Json* ObjectReader::optional(std::string_view name) {
  known_.push_back(name);
  const auto it = json_->find(std::string(name));
  return it == json_->end() ? nullptr : &*it;
}

Result<const Json*> ObjectReader::required(std::string_view name) {
  const Json* json = optional(name);
  if (json == nullptr) return fail(ErrorCode::genesis, place(name), "is missing");
  return json;
}

Status ObjectReader::require(std::string_view name) {
  return required(name).map([](const Json*) {});
}

Result<std::string> ObjectReader::text(std::string_view name) {
  WITAN_TRY(const Json* json, required(name));
  if (!json->is_string()) {
    return fail(ErrorCode::genesis, place(name),
                std::string("expected text, got ") + json->type_name());
  }
  return json->get<std::string>();
}

Result<std::uint64_t> ObjectReader::whole(const Json& json, std::string place, std::uint64_t min,
                                          std::uint64_t max) {
  std::uint64_t value = 0;
  bool parsed = json.is_number_unsigned();
  if (parsed) {
    value = json.get<std::uint64_t>();
  } else if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    parsed = error == std::errc{} && end == text.data() + text.size();
  }
  if (!parsed || value < min || value > max) {
    return fail(ErrorCode::genesis, std::move(place),
                "expected a whole number " + std::to_string(min) + ".." + std::to_string(max));
  }
  return value;
}

Status ObjectReader::finish() const {
  for (const auto& [name, value] : json_->items()) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
      return fail(ErrorCode::genesis, place(name), "unknown key" + did_you_mean(name, known_));
    }
  }
  return {};
}

}  // namespace witan::genesis_detail
