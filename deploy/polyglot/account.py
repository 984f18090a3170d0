"""A payment as its events tell it, and what may happen to it next. No I/O, no clock."""

import re

from baedal.payment.v1 import events_pb2 as ev
from baedal.payment.v1 import payment_pb2 as pb
from baedal.wire.v1 import wire_pb2 as wire
from wire import Failed

REFUNDS_MAX, REASON_BYTES_MAX = 50, 500
VOID = "void"  # the key of the refund of all that is left
OFFER = "offer-"  # and its number: what the customer was promised for what is left out
UNDER_WAY = {pb.PAYMENT_STATE_ATTEMPTING, pb.PAYMENT_STATE_UNKNOWN}
# An attempt may yet turn out to have charged.
OPEN = UNDER_WAY | {pb.PAYMENT_STATE_VOIDED_OUTSTANDING}
EVENTS = {
    type.full_name: type._concrete_class
    for type in ev.DESCRIPTOR.message_types_by_name.values()}


def check_id(text, bytes_max=64):
    """What is in a journal is read by others: identifiers are what all of them accept."""
    if not re.fullmatch(f"[A-Za-z0-9._~:-]{{1,{bytes_max}}}", text):
        raise Failed(wire.CODE_INVALID_ARGUMENT, f"'{text[:80]}' is not an identifier")


class Account:
    """One payment as its events tell it: captured = kept + refunded + held."""

    def __init__(self, key):
        self.key, self.request, self.attempt = key, None, 0
        self.state = pb.PAYMENT_STATE_UNSPECIFIED
        self.captured, self.reference, self.reason, self.settled = 0, "", "", False
        self.refunds = {}  # key → amount and whether it is done

    def apply(self, event):
        match event:
            case ev.PaymentRequested():
                self.request, self.state = event, pb.PAYMENT_STATE_ATTEMPTING
            case ev.PaymentAttempted():
                self.attempt, self.state = event.attempt, pb.PAYMENT_STATE_ATTEMPTING
                self.request.payment_method = event.payment_method or self.request.payment_method
            case ev.PaymentApproved():
                self.captured, self.reference = event.amount_won, event.provider_reference
                self.state = pb.PAYMENT_STATE_APPROVED
            case ev.PaymentDeclined() | ev.PaymentNotCharged() | ev.PaymentUnknown():
                self._ended(event)
            case ev.PaymentVoided():
                self.state = (pb.PAYMENT_STATE_VOIDED_OUTSTANDING if self.state in OPEN
                              else pb.PAYMENT_STATE_VOIDED)
                self.reason = event.reason
            case ev.PaymentRefundRequested():
                self.refunds[event.refund_key] = event.amount_won, False
                self.state = pb.PAYMENT_STATE_REFUNDING
            case ev.PaymentRefunded():
                self.refunds[event.refund_key] = event.amount_won, True
                if self.refunded == self.captured:
                    self.state = pb.PAYMENT_STATE_REFUNDED
                elif all(done for _, done in self.refunds.values()):
                    self.state = (
                        pb.PAYMENT_STATE_SETTLED if self.settled else pb.PAYMENT_STATE_APPROVED)
            case ev.PaymentSettled():
                self.settled = True
                if self.state == pb.PAYMENT_STATE_APPROVED:
                    self.state = pb.PAYMENT_STATE_SETTLED

    def _ended(self, event):
        self.reason = event.reason
        if self.state == pb.PAYMENT_STATE_VOIDED_OUTSTANDING:
            self.state = pb.PAYMENT_STATE_VOIDED
        else:
            self.state = {
                ev.PaymentDeclined: pb.PAYMENT_STATE_DECLINED,
                ev.PaymentNotCharged: pb.PAYMENT_STATE_NOT_CHARGED,
                ev.PaymentUnknown: pb.PAYMENT_STATE_UNKNOWN}[type(event)]

    @property
    def refunded(self):
        return sum(amount for amount, done in self.refunds.values() if done)

    @property
    def remaining(self):
        """Captured, and not asked back."""
        return self.captured - sum(amount for amount, _ in self.refunds.values())

    @property
    def message(self):
        kept = self.remaining if self.settled else 0
        return pb.Payment(
            payment_key=self.request.payment_key if self.request else "",
            order_id=self.request.order_id if self.request else "", state=self.state,
            amount_won=self.request.amount_won if self.request else 0, captured_won=self.captured,
            refunded_won=self.refunded, kept_won=kept,
            held_won=self.captured - self.refunded - kept, attempt=self.attempt, reason=self.reason)

    # Decisions: what happens next to a payment in this state; nothing twice.

    def charge(self, request):
        for id in (request.payment_key, request.customer_id, request.store_id):
            check_id(id)
        check_id(request.payment_method, bytes_max=512)
        if request.amount_won <= 0 or request.payment_key != request.order_id:
            raise Failed(wire.CODE_INVALID_ARGUMENT, "no amount, or not the order's payment key")
        asked = ev.PaymentRequested(**{name.name: value for name, value in request.ListFields()})
        if self.state == pb.PAYMENT_STATE_UNSPECIFIED:
            return [asked, ev.PaymentAttempted(attempt=1)]
        if self.request is None or self.state in (
            pb.PAYMENT_STATE_VOIDED, pb.PAYMENT_STATE_VOIDED_OUTSTANDING):
            raise Failed(wire.CODE_FAILED_PRECONDITION, "the order is over")
        may_retry = self.state == pb.PAYMENT_STATE_NOT_CHARGED
        before = ev.PaymentRequested.FromString(self.request.SerializeToString())
        if may_retry:
            before.payment_method = asked.payment_method
        if before != asked:
            raise Failed(wire.CODE_ALREADY_EXISTS, "this payment key was used for another payment")
        if not may_retry:
            return []
        return [ev.PaymentAttempted(
            attempt=self.attempt + 1, payment_method=asked.payment_method)]

    def outcome(self, event):
        if isinstance(event, ev.PaymentApproved):
            if self.reference:
                return []
            is_wanted = self.state in UNDER_WAY | {pb.PAYMENT_STATE_NOT_CHARGED}
            if is_wanted and event.amount_won == self.request.amount_won:
                return [event]
            reason = ("captured another amount than requested" if is_wanted
                      else "approved after the order had ended")
            return [event, self._full(event.amount_won, reason)]
        is_news = self.state == pb.PAYMENT_STATE_ATTEMPTING or (
            self.state in OPEN and not isinstance(event, ev.PaymentUnknown))
        return [event] if is_news and event.attempt == self.attempt else []

    def void(self, reason):
        if self.state in UNDER_WAY | {
            pb.PAYMENT_STATE_UNSPECIFIED, pb.PAYMENT_STATE_NOT_CHARGED}:
            return [ev.PaymentVoided(reason=reason)]
        if self.remaining > 0 and VOID not in self.refunds and not self.settled:
            return [self._full(self.remaining, reason)]
        return []

    def refund(self, key, amount_won, reason, bearer):
        if key in self.refunds:
            if self.refunds[key][0] != amount_won:
                raise Failed(wire.CODE_ALREADY_EXISTS, f"refund {key} was of another amount")
            return []
        check_id(key)
        if len(reason.encode()) > REASON_BYTES_MAX or key == VOID or key.startswith(OFFER):
            raise Failed(wire.CODE_INVALID_ARGUMENT, "a reason that long, or a reserved key")
        if not 0 < amount_won <= self.remaining:
            raise Failed(wire.CODE_INVALID_ARGUMENT, f"{self.remaining} won are left to refund")
        if len(self.refunds) >= REFUNDS_MAX:
            raise Failed(wire.CODE_INVALID_ARGUMENT, "too many refunds")
        return [ev.PaymentRefundRequested(
            refund_key=key, amount_won=amount_won, reason=reason, bearer=bearer)]

    def promised(self, number, amount_won, reason):
        """An offer that the customer took. Never refused: of what an operator gave back before,
        nothing is left to give."""
        key, amount_won = f"{OFFER}{number}", min(amount_won, self.remaining)
        if key in self.refunds or amount_won <= 0:
            return []
        return [ev.PaymentRefundRequested(
            refund_key=key, amount_won=amount_won, reason=reason, bearer=pb.REFUND_BEARER_STORE)]

    def refund_ended(self, event):
        return [] if self.refunds[event.refund_key][1] else [event]

    def settle(self):
        if self.captured == 0:
            raise Failed(wire.CODE_FAILED_PRECONDITION, "nothing was captured")
        if self.settled or self.state == pb.PAYMENT_STATE_REFUNDED:
            return []
        return [ev.PaymentSettled(kept_won=self.remaining)]

    def _full(self, amount_won, reason):
        return ev.PaymentRefundRequested(
            refund_key=VOID, amount_won=amount_won, reason=reason, bearer=pb.REFUND_BEARER_PLATFORM)
