// gRPC's own asynchronous client as a closed-loop load generator: each
// connection keeps so many calls in flight. It drives every gRPC server here
// and prints the same line of JSON as loadgen.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "../../shared/meter.h"
#include "baedal/order/v1/order.grpc.pb.h"

namespace order = baedal::order::v1;

namespace {

struct Options {
  int port = 0, connections = 1, in_flight = 1, threads = 1;
  double seconds = 3, warmup_s = 1;
  uint64_t calls_max = 0;
  pid_t server = 0;
  std::string payloads;
};

Options ParseOptions(int argc, char** argv) {
  Options o;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--port") o.port = std::atoi(value);
    else if (name == "--connections") o.connections = std::atoi(value);
    else if (name == "--in-flight") o.in_flight = std::atoi(value);
    else if (name == "--threads") o.threads = std::atoi(value);
    else if (name == "--seconds") o.seconds = std::atof(value);
    else if (name == "--warmup") o.warmup_s = std::atof(value);
    else if (name == "--calls") o.calls_max = std::strtoull(value, nullptr, 10);
    else if (name == "--server-pid") o.server = std::atoi(value);
    else if (name == "--payloads") o.payloads = value;
    else { std::fprintf(stderr, "grpc-cpp-client: %s\n", argv[i]); std::exit(64); }
  }
  return o;
}

// The first payload of the file that loadgen takes too.
order::PlaceOrderRequest ReadRequest(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  order::PlaceOrderRequest request;
  auto at = [&](int i) { return size_t(static_cast<unsigned char>(bytes[i])); };
  if (bytes.size() < 4) std::exit(66);
  size_t size = at(0) << 24 | at(1) << 16 | at(2) << 8 | at(3);
  if (bytes.size() < 4 + size || !request.ParseFromArray(bytes.data() + 4, int(size))) {
    std::exit(66);
  }
  return request;
}

struct Totals {
  histogram latency{};
  uint64_t calls = 0, errors = 0;
};

class Worker;

// One call of those in flight; it goes again as soon as it is answered.
struct Call {
  Worker* worker;
  order::OrderService::Stub* stub;
  std::optional<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<order::PlaceOrderResponse>> reader;
  order::PlaceOrderResponse response;
  grpc::Status status;
  uint64_t began_ns = 0;
};

class Worker {
 public:
  Worker(const Options& o, const order::PlaceOrderRequest& request, int connections,
         uint64_t begin_ns, uint64_t end_ns)
      : options_(o), request_(request), begin_ns_(begin_ns), end_ns_(end_ns) {
    for (int i = 0; i < connections; i++) {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
      stubs_.push_back(order::OrderService::NewStub(
          grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(o.port),
                                    grpc::InsecureChannelCredentials(), arguments)));
    }
  }

  void Run() {
    std::vector<std::unique_ptr<Call>> calls;
    for (auto& stub : stubs_) {
      for (int i = 0; i < options_.in_flight; i++) {
        calls.push_back(std::make_unique<Call>());
        calls.back()->worker = this;
        calls.back()->stub = stub.get();
        Start(calls.back().get());
      }
    }
    void* tag;
    bool ok;
    while (in_flight_ > 0 && queue_.Next(&tag, &ok)) Take(static_cast<Call*>(tag));
    queue_.Shutdown();
    while (queue_.Next(&tag, &ok)) {}
  }

  Totals totals;

 private:
  void Start(Call* call) {
    call->context.emplace();
    call->began_ns = meter_now_ns();
    call->reader = call->stub->AsyncPlaceOrder(&*call->context, request_, &queue_);
    call->reader->Finish(&call->response, &call->status, call);
    in_flight_++;
    sent_++;
  }

  void Take(Call* call) {
    in_flight_--;
    uint64_t now = meter_now_ns();
    // Where calls are counted out, all of them are told.
    if (options_.calls_max != 0 || (now >= begin_ns_ && now < end_ns_)) Count(*call, now);
    if (!call->status.ok() && told_++ < 3) {
      std::fprintf(stderr, "grpc-cpp-client: %s\n", call->status.error_message().c_str());
    }
    if (now < end_ns_ && (options_.calls_max == 0 || sent_ < options_.calls_max)) Start(call);
  }

  void Count(const Call& call, uint64_t now) {
    if (!call.status.ok() || !call.response.order().paid()) {
      totals.errors++;
      return;
    }
    histogram_add(&totals.latency, now - call.began_ns);
    totals.calls++;
  }

  const Options& options_;
  const order::PlaceOrderRequest& request_;
  uint64_t begin_ns_, end_ns_, sent_ = 0;
  int in_flight_ = 0, told_ = 0;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<order::OrderService::Stub>> stubs_;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = ParseOptions(argc, argv);
  const order::PlaceOrderRequest request = ReadRequest(options.payloads);
  const uint64_t begin_ns = meter_now_ns() + uint64_t(options.warmup_s * 1e9);
  const uint64_t end_ns = begin_ns + uint64_t(options.seconds * 1e9);
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::thread> threads;
  for (int i = 0; i < options.threads; i++) {
    int share = options.connections / options.threads +
                (i < options.connections % options.threads ? 1 : 0);
    if (share == 0) continue;
    workers.push_back(std::make_unique<Worker>(options, request, share, begin_ns, end_ns));
  }
  for (auto& worker : workers) threads.emplace_back([&worker] { worker->Run(); });
  auto sleep_until = [](uint64_t at) {
    timespec t = {time_t(at / 1000000000), long(at % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr) == EINTR) {}
  };
  meter used{};
  if (options.calls_max == 0) {
    sleep_until(begin_ns);
    used = meter_begin(options.server);
    sleep_until(end_ns);
    used = meter_end(used);
  } else {
    used = meter_begin(options.server);
  }
  for (auto& thread : threads) thread.join();
  if (options.calls_max != 0) used = meter_end(used);
  Totals totals;
  for (auto& worker : workers) {
    histogram_merge(&totals.latency, &worker->totals.latency);
    totals.calls += worker->totals.calls;
    totals.errors += worker->totals.errors;
  }
  meter_print(used, &totals.latency, totals.calls, totals.errors, 0);
  return 0;
}
