// Which response bodies are recorded, and how much of one. Pure; any thread.
#pragma once

#include "recording/har_exchange.h"
#include "session/record_options.h"

namespace pbaas::recording {

// Whether to ask the browser for it. A body longer than the limit is not asked for: its bytes
// would stand in the browser's pipe for nothing.
bool choose_body(const session::HarOptions& options, const Exchange& exchange);
bool is_text_type(std::string_view mime_type);
// Nothing answered it but the client itself, through Fetch: no server, no cache, no worker.
bool is_fulfilled(const Exchange& exchange);

std::size_t decoded_size(const Body& body);
Body cut_body(Body body, std::size_t bytes_max);

}  // namespace pbaas::recording
