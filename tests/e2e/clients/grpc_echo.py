"""What examples/async/grpc_server does, by Python's grpc. Prints its port, and serves until it is killed."""
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import grpc


def say(message, context):
    if message == b"fail":
        context.abort(grpc.StatusCode.NOT_FOUND, "there is no such thing")
    context.set_trailing_metadata([("echo-bytes", str(len(message)))])
    return message


def count(message, _):
    return (str(i).encode() for i in range(1, int(message) + 1))


def add_up(messages, _):
    return str(sum(int(each) for each in messages)).encode()


def check(_, context):
    """grpc.health.v1: SERVING, unless argv says otherwise."""
    return b"\x08\x02" if "--unhealthy" in sys.argv else b"\x08\x01"


def chat(messages, _):
    return messages


def slow(_, context):
    while context.is_active():
        time.sleep(0.02)


server = grpc.server(ThreadPoolExecutor(4))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo.Echo", {
    "Say": grpc.unary_unary_rpc_method_handler(say),
    "Count": grpc.unary_stream_rpc_method_handler(count),
    "Sum": grpc.stream_unary_rpc_method_handler(add_up),
    "Chat": grpc.stream_stream_rpc_method_handler(chat),
    "Slow": grpc.unary_unary_rpc_method_handler(slow),
}), grpc.method_handlers_generic_handler("grpc.health.v1.Health", {
    "Check": grpc.unary_unary_rpc_method_handler(check),
})))
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
