// The numbers of the service, as Prometheus reads them. The families are one table in metrics.cc; a
// name that is not in it is a bug. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace pbaas {

class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;

  Metrics();
  ~Metrics();

  void count(const std::string& counter, const Labels& labels = {}, double by = 1);
  // For a counter that is kept elsewhere: brings ours up to `total`, never down.
  void count_up_to(const std::string& counter, const Labels& labels, double total);
  void set(const std::string& gauge, const Labels& labels, double value);
  void observe(const std::string& histogram, const Labels& labels, double value);

  // Called before each reading, on the reader's thread: the place to set gauges.
  void before_reading(std::function<void()> collect);
  // The text exposition format, version 0.0.4.
  std::string text();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbaas
