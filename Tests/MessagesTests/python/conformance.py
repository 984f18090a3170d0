"""The other side of ConformanceTests.swift, on Python's protobuf with the descriptor set alone.

  conformance.py generate SET SEED COUNT   messages, one a line: kind name input expected json
  conformance.py verify SET < LINES        checks lines of: name input output json,
                                           prints how many, and how many inputs only we take

Bytes are hexadecimal, JSON is hexadecimal UTF-8; "-" stands for nothing.
"""

import random
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message
from google.protobuf import message_factory, unknown_fields
from google.protobuf.descriptor import FieldDescriptor as F

TEXTS = [
    "a", "order-1", "0123456789abcde", "0123456789abcdef", "서울 마포구 1-2, 303호", "배달 시작",
    "\0", "a\0b", "\0\0서\0", "😀👨‍👩‍👧", "\x7f\x01\n\t\"\\/", "é", "\ufeff", "\uffff", "x" * 300,
    "가" * 5000,
]


def load(path):
    with open(path, "rb") as file:
        files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    names = []
    for file in files.file:
        pool.Add(file)
        def visit(prefix, messages):
            for kind in messages:
                names.append(prefix + kind.name)
                visit(prefix + kind.name + ".", kind.nested_type)
        visit(file.package + "." if file.package else "", file.message_type)
    factory = message_factory.MessageFactory(pool)
    return {
        name: factory.GetPrototype(pool.FindMessageTypeByName(name)) for name in sorted(names)
    }


def integers(bits, signed):
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return low, high


INTEGERS = {
    F.TYPE_INT32: (32, True), F.TYPE_SINT32: (32, True), F.TYPE_SFIXED32: (32, True),
    F.TYPE_INT64: (64, True), F.TYPE_SINT64: (64, True), F.TYPE_SFIXED64: (64, True),
    F.TYPE_UINT32: (32, False), F.TYPE_FIXED32: (32, False),
    F.TYPE_UINT64: (64, False), F.TYPE_FIXED64: (64, False),
}


def scalar(field, rng, maximal):
    if field.type in INTEGERS:
        low, high = integers(*INTEGERS[field.type])
        if maximal:
            return rng.choice([low, high]) or high
        choices = [0, 1, high, low, rng.randint(low, high), rng.randint(0, 300)]
        return rng.choice(choices)
    if field.type == F.TYPE_BOOL:
        return maximal or rng.random() < 0.5
    if field.type == F.TYPE_ENUM:
        known = [value.number for value in field.enum_type.values]
        if maximal:
            return max(known)
        return rng.choice(known + [77, 2**31 - 1, -1])
    if field.type == F.TYPE_STRING:
        return TEXTS[-1] if maximal else rng.choice(TEXTS + ["", ""])
    if field.type == F.TYPE_BYTES:
        if maximal:
            return bytes(range(256)) * 8
        return bytes(rng.randrange(256) for _ in range(rng.choice([0, 1, 2, 3, 15, 16, 200])))
    if field.type == F.TYPE_DOUBLE:
        return rng.choice([1.5, -1e300, 5e-324, float("inf"), float("-inf"), 0.1, 3.0])
    if field.type == F.TYPE_FLOAT:
        return rng.choice([1.5, -3.0e38, 2.0**-149, float("inf"), float("-inf"), 0.25])
    raise AssertionError(field.type)


def fill(target, rng, maximal, depth=0):
    chosen = {oneof.name: rng.choice(oneof.fields) for oneof in target.DESCRIPTOR.oneofs}
    for field in target.DESCRIPTOR.fields:
        if field.containing_oneof and chosen[field.containing_oneof.name] is not field:
            continue
        if not maximal and rng.random() < 0.25:
            continue
        count = rng.choice([0, 1, 2, 5]) if not maximal else 3
        if depth > 2:
            count = min(count, 2)
        if field.type == F.TYPE_MESSAGE:
            if field.label == F.LABEL_REPEATED:
                for _ in range(count):
                    fill(getattr(target, field.name).add(), rng, maximal, depth + 1)
            else:
                part = getattr(target, field.name)
                part.SetInParent()
                fill(part, rng, maximal, depth + 1)
        elif field.label == F.LABEL_REPEATED:
            getattr(target, field.name).extend(scalar(field, rng, maximal) for _ in range(count))
        else:
            setattr(target, field.name, scalar(field, rng, maximal))
    return target


# Fields that no message has: varint, 64 bit, bytes, 32 bit, and one with a five-byte tag.
UNKNOWN = bytes.fromhex(
    "a0ff07ffffffffffffffffff01" "a1ff070102030405060708" "a2ff0703" "ff00fe"
    "a5ff0701020304" "f8ffffff0f05"
)


def generate(types, seed, count):
    for name, kind in types.items():
        rng = random.Random(f"{seed} {name}")
        samples = [("empty", kind()), ("maximal", fill(kind(), rng, True))]
        samples += [("random", fill(kind(), rng, False)) for _ in range(count)]
        for label, sample in samples:
            line(label, name, sample.SerializeToString(deterministic=True), sample)
        last = samples[-1][1]
        expected = last.SerializeToString(deterministic=True)
        print("unknown", name, (UNKNOWN + expected + UNKNOWN).hex(), expected.hex() or "-", "-")


def line(label, name, data, sample):
    text = json_format.MessageToJson(sample, indent=None)
    print(label, name, data.hex() or "-", data.hex() or "-", text.encode().hex())


def verify(types):
    checked = refused = 0
    for row in sys.stdin:
        name, source, output, text = row.split()
        checked += 1
        kind = types[name]
        source, output = unhex(source), unhex(output)
        try:
            theirs = kind.FromString(source)
        except message.DecodeError:
            # Of a field that comes twice we validate the one that counts, the last.
            refused += 1
            theirs = kind.FromString(output)
        if has_misread_bool(theirs):
            refused += 1
            continue
        theirs.DiscardUnknownFields()
        expected = theirs.SerializeToString(deterministic=True)
        if expected != output:
            sys.exit(f"{name}: {source.hex()}\n  gives {output.hex()}\n  not   {expected.hex()}")
        if text != "-":
            parsed = json_format.Parse(unhex(text).decode(), kind())
            again = parsed.SerializeToString(deterministic=True)
            if again != output:
                sys.exit(f"{name}: {unhex(text).decode()}\n  is {again.hex()}\n  not {output.hex()}")
    print(checked, refused)


def has_misread_bool(target):
    """libprotobuf-c 1.4 does not look at the wire type of a bool; others call it unknown."""
    fields = target.DESCRIPTOR.fields_by_number
    for unknown in unknown_fields.UnknownFieldSet(target):
        field = fields.get(unknown.field_number)
        if field and field.type == F.TYPE_BOOL:
            return True
    parts = []
    for field, value in target.ListFields():
        if field.type == F.TYPE_MESSAGE:
            parts += value if field.label == F.LABEL_REPEATED else [value]
    return any(has_misread_bool(part) for part in parts)


def unhex(text):
    return b"" if text == "-" else bytes.fromhex(text)


if __name__ == "__main__":
    command, path = sys.argv[1:3]
    if command == "generate":
        generate(load(path), int(sys.argv[3]), int(sys.argv[4]))
    else:
        verify(load(path))
