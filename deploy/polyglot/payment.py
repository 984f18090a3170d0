"""Payment for Baedal, in Python: what Sources/Services/Payment does, for a provider of your own.

    payment.py --listen HOST:PORT --data DIRECTORY --order HOST:PORT [--name NAME]
        [--token-file FILE] [--tls-certificate FILE --tls-key FILE --tls-ca FILE] [--insecure]

Intent, outcome, refunds: each is in the journal before the next step, so that a process that is
killed anywhere goes on where it was. `--order` is a node that runs the order service.
"""

import argparse
import asyncio
import hashlib
import logging
import os
import signal

import tls
from account import EVENTS, OPEN, Account
from baedal.order.v1 import events_pb2 as order_events
from baedal.payment.v1 import events_pb2 as ev
from baedal.payment.v1 import payment_pb2 as pb
from baedal.wire.v1 import wire_pb2 as wire
from journal import JOURNAL_SERVICE, Cause, Journal, JournalService, follow, now_ms
from server import Server
from wire import Client, Failed

ASK_AGAIN_MS, REFUND_RETRY_MS, TICK_S, DRAIN_S = 5_000, 5_000, 0.2, 10
log = logging.getLogger("payment")


class Provider:
    """A stand-in that declines `card-declined` and loses the answer to `card-lost`. A real one
    goes here: idempotent by key, each answer within its own time limit."""

    async def charge(self, payment, attempt, amount_won, method):
        if method == "card-lost":
            return ev.PaymentUnknown(attempt=attempt, reason="the answer was lost")
        return await self.outcome(payment, attempt, amount_won, method)

    async def outcome(self, payment, attempt, amount_won, method):
        """How an attempt went that nobody heard the end of."""
        if method == "card-declined":
            return ev.PaymentDeclined(attempt=attempt, reason="the card was declined")
        return ev.PaymentApproved(
            attempt=attempt, amount_won=amount_won, provider_reference=self._name("c", payment))

    async def refund(self, payment, key, amount_won):
        """The provider's name for the refund; raises Failed when it was not done."""
        return self._name("r", f"{payment}/{key}")

    def _name(self, kind, text):
        return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


class PaymentService:
    """Decisions are taken and written down without a pause in between; only the provider is waited
    for, and what it says is a decision of its own, whatever happened meanwhile."""

    def __init__(self, journal, provider):
        self.journal, self.provider, self.tasks = journal, provider, set()

    # Calls.

    async def Charge(self, request, call):
        if call.role != "service":
            raise Failed(wire.CODE_PERMISSION_DENIED, "only services charge")
        cause = self._cause(request.order_id, call)
        begun = self._perform(request.payment_key, lambda account: account.charge(request), cause)
        if begun:
            await self._carry_on(request.payment_key, cause, self.provider.charge)
        return pb.ChargeResponse(
            payment=self._account(request.payment_key).message, recalled=not begun)

    async def GetPayment(self, request, call):
        return pb.GetPaymentResponse(payment=self._visible(request.payment_key, call).message)

    async def Refund(self, request, call):
        if call.role not in ("service", "operator"):
            raise Failed(wire.CODE_PERMISSION_DENIED, "refunds are for services and operators")
        if not request.bearer:
            raise Failed(wire.CODE_INVALID_ARGUMENT, "say who bears the refund")
        key, cause = request.payment_key, self._cause(request.payment_key, call)
        self._visible(key, call)
        if self._perform(key, lambda account: account.refund(
            request.refund_key, request.amount_won, request.reason, request.bearer), cause):
            await self._carry_on(key, cause)
        return pb.RefundResponse(payment=self._account(key).message)

    async def GetSimulator(self, request, call):
        raise Failed(wire.CODE_FAILED_PRECONDITION, "payment runs on another provider")

    SetSimulator = GetSimulator

    # What happens elsewhere, and what time makes due.

    async def take(self, event, taken):
        """An event of the order's journal."""
        key, kind = event.stream_id, event.type.rsplit(".", 1)[1]
        reasons = {
            "OrderCancelled": "the order was cancelled", "OrderRejected": "the order was rejected",
            "OrderExpired": "the order expired"}

        def decide(account):
            if kind in reasons:
                return account.void(reasons[kind])
            if kind == "OrderDelivered":
                return account.settle()
            accepted = order_events.OrderRefundAccepted.FromString(event.payload)
            return account.promised(accepted.number, accepted.amount_won, accepted.reason)

        if kind in reasons or kind in ("OrderDelivered", "OrderRefundAccepted"):
            cause = Cause(event.correlation_id, event.id, event.traceparent)
            try:
                begun = self._perform(key, decide, cause, taken)
            except Failed as refused:
                if refused.code == wire.CODE_UNAVAILABLE:
                    raise
                log.error("%s has no effect here: %s", event.id, refused)
                return
            if any(isinstance(event, ev.PaymentRefundRequested) for event in begun):
                await self._carry_on(key, cause)

    async def fire_deadlines(self):
        """Asks about attempts without an outcome, and tries refunds again; gives up on no money."""
        while True:
            for key in self.journal.due(now_ms()):
                try:
                    await self._carry_on(key, Cause(key, "deadline"))
                except Failed as failed:
                    log.error("payment %s is tried again later: %s", key, failed)
            await asyncio.sleep(TICK_S)

    # Steps.

    def _account(self, key):
        account = Account(key)
        for type, payload in self.journal.events(key):
            account.apply(EVENTS[type].FromString(payload))
        return account

    def _visible(self, key, call):
        account = self._account(key)
        mine = account.request and (call.role, call.id) == ("customer", account.request.customer_id)
        if not account.state or not (mine or call.role in ("service", "operator")):
            raise Failed(wire.CODE_NOT_FOUND, "there is no such payment")
        return account

    def _cause(self, order, call):
        return Cause(order, f"call/{call.role}/{call.id}", call.traceparent)

    def _perform(self, key, decide, cause, taken=None):
        """Decides and writes down; gives the events, which are durable then."""
        account = self._account(key)
        if events := decide(account):
            for event in events:
                account.apply(event)
            self.journal.append(key, events, cause, taken, self._deadline(account))
        return events

    def _deadline(self, account):
        if account.state in OPEN:
            return "askAgain", now_ms() + ASK_AGAIN_MS
        if account.state == pb.PAYMENT_STATE_REFUNDING:
            return "refundRetry", now_ms() + REFUND_RETRY_MS
        return None

    async def _carry_on(self, key, cause, ask=None):
        """Does what is outstanding. A caller who hangs up does not stop it: there may be money."""
        task = asyncio.create_task(self._do_outstanding(key, cause, ask or self.provider.outcome))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        await asyncio.shield(task)

    async def _do_outstanding(self, key, cause, ask):
        account = self._account(key)
        if account.state in OPEN:
            asked = account.request
            told = await ask(key, account.attempt, asked.amount_won, asked.payment_method)
            self._perform(key, lambda account: account.outcome(told), cause)
        for refund, (amount_won, done) in self._account(key).refunds.items():
            if not done:
                await self._refund(key, refund, amount_won, cause)
        # Nothing came of it: looked at again later.
        if deadline := self._deadline(self._account(key)):
            self.journal.append(key, [], deadline=deadline)

    async def _refund(self, key, refund, amount_won, cause):
        try:
            reference = await self.provider.refund(key, refund, amount_won)
            event = ev.PaymentRefunded(
                refund_key=refund, amount_won=amount_won, provider_reference=reference)
        except Failed as failed:
            event = ev.PaymentRefundFailed(refund_key=refund, reason=failed.message)
        self._perform(key, lambda account: account.refund_ended(event), cause)


async def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--listen", required=True, metavar="HOST:PORT")
    options.add_argument("--order", required=True, metavar="HOST:PORT")
    options.add_argument("--data", required=True, metavar="DIRECTORY")
    options.add_argument("--name", default="payment")
    options.add_argument("--token-file", metavar="FILE", help="what nodes show each other")
    for name in ("certificate", "key", "ca"):
        options.add_argument(
            f"--tls-{name}", metavar="FILE", help="PEM; with all three it speaks TLS, both ways")
    options.add_argument(
        "--insecure", action="store_true", help="listen beyond this machine and believe anyone")
    options = options.parse_args()
    files = options.tls_certificate, options.tls_key, options.tls_ca
    if any(files) and not all(files):
        raise SystemExit("--tls-certificate, --tls-key and --tls-ca go together")
    if not (all(files) or options.insecure or is_loopback(address(options.listen)[0])):
        raise SystemExit(
            "--listen is not a loopback address, and without --tls-certificate, --tls-key and "
            "--tls-ca everybody is believed; use 127.0.0.1, or say --insecure")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    os.makedirs(options.data, exist_ok=True)
    journal = Journal(os.path.join(options.data, "payment.db"), "payment")
    service = PaymentService(journal, Provider())
    server = Server(options.name)
    server.add(pb.DESCRIPTOR.services_by_name["PaymentService"], service)
    server.add(JOURNAL_SERVICE, JournalService(journal), roles=("service", "operator"))
    stop = asyncio.Event()
    # Whoever started this may have blocked them in itself, and a mask is inherited.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    token = b""
    if options.token_file:
        with open(options.token_file, "rb") as file:
            token = file.readline().strip()
    order = Client(
        *address(options.order), role="service", id=options.name, token=token,
        context=tls.calling(*files) if all(files) else None)
    # An error that nobody expected in either of these ends the process: to be started again.
    work = [
        asyncio.create_task(follow(order, "order", journal, service.take)),
        asyncio.create_task(service.fire_deadlines())]
    host, port = address(options.listen)
    port = await server.listen(host, port, tls.serving(*files) if all(files) else None)
    print(f"payment listens on {host}:{port}; Ctrl-C ends it", flush=True)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([stopping, *work], return_when=asyncio.FIRST_COMPLETED)
    await server.drain(DRAIN_S)
    for task in work:
        if task.done():
            task.result()
        task.cancel()


def is_loopback(host):
    return host.startswith("127.") or host.strip("[]") in ("localhost", "::1")


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


if __name__ == "__main__":
    asyncio.run(main())
