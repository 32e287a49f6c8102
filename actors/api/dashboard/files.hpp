// The files of the dashboard, compiled in, so that a node serves them without an installation.
#pragma once
#include <string_view>

namespace witan::dashboard {

extern const std::string_view index_html;
extern const std::string_view style_css;
extern const std::string_view app_js;

}  // namespace witan::dashboard
