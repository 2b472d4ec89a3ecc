#include "store/curl_transfer.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace pbaas::store {
namespace {

constexpr std::size_t kIdleHandlesMax = 8;
constexpr std::size_t kHeadBytesMax = 64 * 1024;
constexpr long kSendBufferBytes = 256 * 1024;

// libcurl wants this once, before any thread uses it.
void initialise_curl() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)done;
}

// What a request in progress sends and has received.
struct Exchange {
  const HttpCall& call;
  const TransferLimits& limits;
  const Interrupt& interrupt;
  std::uint64_t sent = 0;
  std::size_t head_bytes = 0;
  bool head_is_whole = false;
  HttpAnswer answer{};

  std::uint64_t body_bytes() const { return call.file < 0 ? call.body.size() : call.file_bytes; }
};

Exchange& exchange_of(void* user) {
  return *static_cast<Exchange*>(user);
}

std::size_t send_body(char* buffer, std::size_t size, std::size_t count, void* user) {
  auto& exchange = exchange_of(user);
  const auto wanted = std::min<std::uint64_t>(size * count, exchange.body_bytes() - exchange.sent);
  if (exchange.call.file < 0) {
    exchange.call.body.copy(buffer, wanted, exchange.sent);
    exchange.sent += wanted;
    return wanted;
  }
  ssize_t got = 0;
  do {
    got = pread(exchange.call.file, buffer, wanted,
                static_cast<off_t>(exchange.call.file_offset + exchange.sent));
  } while (got < 0 && errno == EINTR);
  if (got < 0) return CURL_READFUNC_ABORT;
  exchange.sent += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

// A kept connection may turn out to be closed when it is used: curl then starts over on another.
int rewind_body(void* user, curl_off_t offset, int origin) {
  auto& exchange = exchange_of(user);
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_FAIL;
  exchange.sent = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& exchange = exchange_of(user);
  const std::size_t total = size * count;
  if (exchange.answer.body.size() + total > exchange.limits.answer_bytes_max) return 0;
  exchange.answer.body.append(bytes, total);
  return total;
}

std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& exchange = exchange_of(user);
  const std::string_view line(bytes, size * count);
  exchange.head_bytes += line.size();
  if (exchange.head_bytes > kHeadBytesMax) return 0;
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) {
    // A status line: that of a 100 (Continue) came before, with headers of its own.
    if (line.starts_with("HTTP/")) exchange.answer.headers.clear();
    exchange.head_is_whole = line == "\r\n" || line == "\n";
    return line.size();
  }
  std::string name(line.substr(0, colon));
  for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  auto value = line.substr(colon + 1);
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front())))
    value.remove_prefix(1);
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back())))
    value.remove_suffix(1);
  exchange.answer.headers[name] = std::string(value);
  return line.size();
}

int look_for_interrupt(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return exchange_of(user).interrupt.is_set() ? 1 : 0;
}

class HeaderList {
 public:
  explicit HeaderList(const std::vector<std::string>& headers) {
    // Curl's own would come unasked: what is sent is what was signed, and nothing waits for a 100.
    for (const char* unwanted : {"Accept:", "Expect:", "Content-Type:"}) append(unwanted);
    for (const auto& each : headers) append(each.c_str());
  }
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  curl_slist* get() const { return list_; }

 private:
  void append(const char* line) { list_ = curl_slist_append(list_, line); }
  curl_slist* list_ = nullptr;
};

void set_callbacks(CURL* curl, Exchange& exchange) {
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, send_body);
  curl_easy_setopt(curl, CURLOPT_READDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, rewind_body);
  curl_easy_setopt(curl, CURLOPT_SEEKDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_interrupt);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

void set_request(CURL* curl, const Exchange& exchange) {
  const auto& call = exchange.call;
  curl_easy_setopt(curl, CURLOPT_URL, call.url.c_str());
  // The path is sent as it was signed.
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  if (call.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else if (call.method == "PUT" || call.method == "POST") {
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
                     static_cast<curl_off_t>(exchange.body_bytes()));
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  } else if (call.method != "GET") {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  }
}

void set_limits(CURL* curl, const TransferLimits& limits, Duration timeout) {
  // Never 0, which means no limit to curl.
  const auto total_ms = std::max<long>(1, static_cast<long>(timeout.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, total_ms);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   std::min(total_ms, static_cast<long>(limits.connect.count())));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(limits.stall_bytes_per_s));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                   std::max<long>(1, static_cast<long>(limits.stall.count() / 1000)));
}

void set_manners(CURL* curl, const std::string& ca_file) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  // A redirect would have to be signed anew, and could lead anywhere.
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  // The environment's http_proxy is meant for others.
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, kSendBufferBytes);
  if (!ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file.c_str());
}

}  // namespace

std::string HttpAnswer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

struct CurlTransfers::Handle {
  Handle() : curl(curl_easy_init()) {}
  ~Handle() { curl_easy_cleanup(curl); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  CURL* curl;
};

CurlTransfers::CurlTransfers(std::string ca_file, TransferLimits limits, const Interrupt& interrupt)
    : ca_file_(std::move(ca_file)), limits_(limits), interrupt_(interrupt) {
  initialise_curl();
}

CurlTransfers::~CurlTransfers() = default;

std::unique_ptr<CurlTransfers::Handle> CurlTransfers::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Handle>();
  auto handle = std::move(idle_.back());
  idle_.pop_back();
  return handle;
}

void CurlTransfers::give_back(std::unique_ptr<Handle> handle) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleHandlesMax) idle_.push_back(std::move(handle));
}

Result<HttpAnswer> CurlTransfers::perform(const HttpCall& call, Duration timeout) {
  auto handle = take();
  CURL* curl = handle->curl;
  if (curl == nullptr) return Error{Fault::kStoreUnavailable, "no memory for a transfer"};
  curl_easy_reset(curl);
  std::array<char, CURL_ERROR_SIZE> words{};
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words.data());
  Exchange exchange{call, limits_, interrupt_};
  const HeaderList headers(call.headers);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  set_callbacks(curl, exchange);
  set_request(curl, exchange);
  set_limits(curl, limits_, timeout);
  set_manners(curl, ca_file_);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) return failure(code, words.data());
  // To curl a connection that ends within the head is an answer; to us it is a cut.
  if (!exchange.head_is_whole) return failure(CURLE_PARTIAL_FILE, words.data());
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  exchange.answer.status = static_cast<int>(status);
  // The next use must not find pointers into this frame.
  curl_easy_reset(curl);
  give_back(std::move(handle));
  return std::move(exchange.answer);
}

Error CurlTransfers::failure(int code, const char* words) const {
  if (interrupt_.is_set()) return Error{Fault::kStoreUnavailable, "the service is being stopped"};
  const auto general = curl_easy_strerror(static_cast<CURLcode>(code));
  return Error{Fault::kStoreUnavailable, *words != '\0' ? words : general};
}

}  // namespace pbaas::store
