// gRPC C++'s asynchronous server, in the manner of gRPC's own benchmark: one
// completion queue and one thread per core, many calls posted ahead, contexts
// made anew per call as its API asks. It answers PlaceOrder at once.
#include <grpcpp/grpcpp.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "baedal/order/v1/order.grpc.pb.h"

namespace order = baedal::order::v1;

namespace {

void answer(const order::PlaceOrderRequest& request, order::PlaceOrderResponse* response) {
  order::Order* placed = response->mutable_order();
  placed->set_order_id(request.idempotency_key());
  placed->set_customer_id(request.customer_id());
  placed->set_state(order::ORDER_STATE_PLACED);
  placed->set_total_won(21900);
  placed->set_paid(true);
  placed->set_version(2);
}

// One slot for a call; it serves one after another.
class Slot {
 public:
  Slot(order::OrderService::AsyncService* service, grpc::ServerCompletionQueue* queue)
      : service_(service), queue_(queue) {
    Listen();
  }

  void Proceed(bool ok) {
    if (is_answering_ || !ok) {
      if (!ok && !is_answering_) return;  // the server is going down
      Listen();
      return;
    }
    is_answering_ = true;
    answer(request_, &response_);
    writer_->Finish(response_, grpc::Status::OK, this);
  }

 private:
  void Listen() {
    is_answering_ = false;
    request_.Clear();
    response_.Clear();
    writer_.reset();
    context_.emplace();
    writer_.emplace(&*context_);
    service_->RequestPlaceOrder(&*context_, &request_, &*writer_, queue_, queue_, this);
  }

  order::OrderService::AsyncService* service_;
  grpc::ServerCompletionQueue* queue_;
  std::optional<grpc::ServerContext> context_;
  std::optional<grpc::ServerAsyncResponseWriter<order::PlaceOrderResponse>> writer_;
  order::PlaceOrderRequest request_;
  order::PlaceOrderResponse response_;
  bool is_answering_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: grpc-cpp-server PORT THREADS\n");
    return 64;
  }
  const int threads = std::atoi(argv[2]);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  order::OrderService::AsyncService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(std::string("127.0.0.1:") + argv[1],
                           grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues;
  for (int i = 0; i < threads; i++) queues.push_back(builder.AddCompletionQueue());
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return 69;

  std::vector<std::unique_ptr<Slot>> slots;
  std::vector<std::thread> workers;
  for (auto& queue : queues) {
    for (int i = 0; i < 512; i++) slots.push_back(std::make_unique<Slot>(&service, queue.get()));
  }
  for (auto& queue : queues) {
    workers.emplace_back([&queue] {
      void* tag;
      bool ok;
      while (queue->Next(&tag, &ok)) static_cast<Slot*>(tag)->Proceed(ok);
    });
  }
  std::printf("ready\n");
  std::fflush(stdout);
  int signal;
  sigwait(&signals, &signal);
  server->Shutdown(std::chrono::system_clock::now());
  for (auto& queue : queues) queue->Shutdown();
  for (auto& worker : workers) worker.join();
  return 0;
}
