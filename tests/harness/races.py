"""Many calls at the same moment."""

import threading


def all_at_once(calls, clients=16):
    """Runs the calls on threads that start together; returns what each returned."""
    clients = min(clients, len(calls))
    results = [None] * len(calls)
    barrier = threading.Barrier(clients)

    def work(first):
        barrier.wait()
        for at in range(first, len(calls), clients):
            results[at] = calls[at]()

    threads = [threading.Thread(target=work, args=(first,)) for first in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def caller(service, token, method, path, body):
    """A call on a connection of its own that returns the status."""
    def call():
        api = service.client(token)
        try:
            return api.send(method, path, json_body=body).status
        finally:
            api.close()
    return call
