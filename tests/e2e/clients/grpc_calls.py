"""Calls examples/async/grpc_server with Python's grpc: grpc_calls.py HOST:PORT"""
import sys

import grpc

METHOD = "/echo.Echo/"


def expect(condition, what):
    if not condition:
        sys.exit(f"not as expected: {what}")


with grpc.insecure_channel(sys.argv[1]) as channel:
    say = channel.unary_unary(METHOD + "Say")
    for message in (b"", b"hello", b"x" * 1_000_000):
        answer, call = say.with_call(message, timeout=30)
        expect(answer == message, f"{len(message)} bytes come back")
        expect(("echo-bytes", str(len(message))) in call.trailing_metadata(), "trailers")
    waiting = [say.future(str(i).encode(), timeout=30) for i in range(200)]
    expect([each.result() for each in waiting] == [str(i).encode() for i in range(200)], "many at once")
    try:
        say(b"fail", timeout=30)
        expect(False, "an error")
    except grpc.RpcError as error:
        expect((error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "there is no such thing"), f"{error}")
    try:
        channel.unary_unary(METHOD + "Nothing")(b"", timeout=30)
        expect(False, "an error")
    except grpc.RpcError as error:
        expect(error.code() == grpc.StatusCode.UNIMPLEMENTED, f"{error}")
    counted = list(channel.unary_stream(METHOD + "Count")(b"5000", timeout=30))
    expect(counted == [str(i).encode() for i in range(1, 5001)], "a stream of answers")
    chat = channel.stream_stream(METHOD + "Chat")(iter([b"a", b"bb", b"x" * 200_000]), timeout=30)
    expect(list(chat) == [b"a", b"bb", b"x" * 200_000], "streams both ways")
    endless = channel.unary_stream(METHOD + "Count")(b"1000000000", timeout=30)
    next(endless)
    endless.cancel()
    try:
        channel.unary_unary(METHOD + "Slow")(b"x", timeout=0.3)
        expect(False, "a deadline")
    except grpc.RpcError as error:
        expect(error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, f"{error}")
    expect(say(b"still there", timeout=30) == b"still there", "the connection goes on")
print("all as expected")
