"""Calls of all four kinds by Python's grpc through a proxy: grpc_through_proxy.py HOST:PORT"""
import sys
import threading
import time

import grpc

METHOD = "/echo.Echo/"


def expect(condition, what):
    if not condition:
        sys.exit(f"not as expected: {what}")


def code_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code()
    return None


with grpc.insecure_channel(sys.argv[1]) as channel:
    say = channel.unary_unary(METHOD + "Say")
    count = channel.unary_stream(METHOD + "Count")
    total = channel.stream_unary(METHOD + "Sum")
    chat = channel.stream_stream(METHOD + "Chat")
    answer, call = say.with_call(b"hello", timeout=20, metadata=[("x-who", "e2e")])
    expect(answer == b"hello" and ("echo-bytes", "5") in call.trailing_metadata(), "unary, with trailers")
    expect(list(count(b"2000", timeout=20)) == [str(i).encode() for i in range(1, 2001)], "a stream of answers")
    expect(total((str(i).encode() for i in range(500)), timeout=20) == str(sum(range(500))).encode(), "a stream of requests")
    big = [bytes([i % 256]) * 300_000 for i in range(20)]
    expect(list(chat(iter(big), timeout=30)) == big, "6 MB both ways")
    # In turn: each answer is there before the next message is sent.
    turn = threading.Semaphore(1)

    def messages():
        for i in range(20):
            turn.acquire()
            yield str(i).encode()

    for i, back in enumerate(chat(messages(), timeout=20)):
        expect(back == str(i).encode(), "word by word")
        turn.release()
    # Errors, deadlines and cancels as they are.
    expect(code_of(lambda: say(b"fail", timeout=20)) == grpc.StatusCode.NOT_FOUND, "a status")
    expect(code_of(lambda: channel.unary_unary(METHOD + "Nothing")(b"", timeout=20)) == grpc.StatusCode.UNIMPLEMENTED, "no such method")
    begun = time.monotonic()
    expect(code_of(lambda: channel.unary_unary(METHOD + "Slow")(b"x", timeout=0.4)) == grpc.StatusCode.DEADLINE_EXCEEDED, "a deadline")
    expect(time.monotonic() - begun < 5, "a deadline in time")
    endless = count(b"1000000000", timeout=30)
    next(endless)
    endless.cancel()
    expect(code_of(lambda: list(endless)) == grpc.StatusCode.CANCELLED, "a cancel")
    waiting = [say.future(str(i).encode(), timeout=30) for i in range(300)]
    expect([each.result() for each in waiting] == [str(i).encode() for i in range(300)], "many at once")
print("all as expected")
