// Which names say that their value is secret: of headers, cookies, parameters, fields of forms and
// keys of JSON. Names are taken apart into words ("user[newPwd]": user, new, pwd). Pure; any
// thread.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pbaas::recording {

class SecretNames {
 public:
  // `besides`: names that somebody hides besides the usual ones, whole or as the last in brackets,
  // without letter case, "-", "_", "." and blanks.
  explicit SecretNames(const std::vector<std::string>& besides);

  // The name may be percent-encoded, and more than once.
  bool is_secret(std::string_view name) const;

 private:
  std::set<std::string> besides_;
};

}  // namespace pbaas::recording
