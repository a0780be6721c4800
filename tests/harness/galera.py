"""A Galera cluster on the loopback: several private MariaDB servers, each with its own directory, its own
socket and a handful of ports of its own. Needs the packages galera-4, rsync and socat, and the scripts of
the state transfer, which Debian packs with mariadb-server: they are taken out of that package when it is
not installed, so that no service comes along with them."""

import os
import shutil
import subprocess

import pymysql

from harness.database import Database, query_one
from harness.processes import free_port, wait_until

PROVIDERS = ("/usr/lib/galera/libgalera_smm.so", "/usr/lib/libgalera_smm.so")
SCRIPT = "wsrep_sst_rsync"


def provider():
    return next((path for path in PROVIDERS if os.path.exists(path)), None)


def missing():
    """What is not there, in words; None when nothing is missing."""
    if provider() is None:
        return "galera-4 is not installed"
    for program in ("rsync", "socat"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return None


def scripts_directory(directory):
    """Where the scripts of the state transfer are."""
    installed = shutil.which(SCRIPT)
    if installed is not None:
        return os.path.dirname(installed)
    target = os.path.join(directory, "scripts")
    os.makedirs(target)
    with open(os.path.join(directory, "scripts.log"), "wb") as log:
        def run(*arguments):
            subprocess.run(arguments, cwd=target, check=True, stdin=subprocess.DEVNULL, stdout=log,
                           stderr=subprocess.STDOUT)
        run("apt-get", "download", "-qq", "mariadb-server")
        package, = (name for name in os.listdir(target) if name.endswith(".deb"))
        run("dpkg-deb", "-x", package, ".")
    return os.path.join(target, "usr", "bin")


class Node(Database):
    def __init__(self, cluster, number, buffer_pool_mb):
        # rsync gives up root's rights as soon as it serves: the servers must not run as root.
        super().__init__(os.path.join(cluster.directory, f"node{number}"), buffer_pool_mb, user="www-data")
        self.cluster = cluster
        self.number = number
        self.base, self.transfer, self.increment = free_port(), free_port(), free_port()

    @property
    def address(self):
        return f"127.0.0.1:{self.base}"

    def arguments(self, first):
        options = (f"base_host=127.0.0.1;base_port={self.base};gmcast.listen_addr=tcp://{self.address};"
                   f"ist.recv_addr=127.0.0.1:{self.increment};gcache.size=128M")
        others = ",".join(node.address for node in self.cluster.nodes)
        return [
            "--wsrep-on=ON", f"--wsrep-provider={provider()}", f"--wsrep-provider-options={options}",
            f"--wsrep-cluster-name=lockstep-{self.cluster.nodes[0].base}",
            f"--wsrep-cluster-address=gcomm://{others}", f"--wsrep-node-name=node{self.number}",
            f"--wsrep-node-address={self.address}", "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address=127.0.0.1:{self.transfer}", "--wsrep-slave-threads=2",
            "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2",
        ] + (["--wsrep-new-cluster"] if first else [])

    def start(self, timeout_s=90, first=False):
        self.extra_arguments = self.arguments(first)
        self.environment = dict(os.environ, PATH=self.cluster.scripts + os.pathsep + os.environ["PATH"])
        super().start(timeout_s)
        wait_until(self.is_synced, f"node {self.number} in step with its cluster", timeout_s, child=self.child)

    def status(self, name):
        """One of the server's status variables; None while it takes part in no cluster."""
        try:
            connection = self.connect(database=None)
        except pymysql.err.OperationalError:
            return None
        try:
            row = query_one(connection, "SHOW STATUS LIKE %s", (name,))
            return row and row["Value"]
        finally:
            connection.close()

    def is_synced(self):
        return self.status("wsrep_ready") == "ON" and self.status("wsrep_local_state_comment") == "Synced"


class Cluster:
    """`with Cluster(directory) as cluster:` three nodes, in step with each other."""

    def __init__(self, directory, count=3, buffer_pool_mb=256):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        os.chmod(directory, 0o755)
        self.scripts = scripts_directory(directory)
        self.nodes = []
        for number in range(1, count + 1):
            self.nodes.append(Node(self, number, buffer_pool_mb))

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.nodes[0].create()
        self.nodes[0].start(first=True)
        for node in self.nodes[1:]:
            node.make_directories()  # they are filled by the state transfer
            node.start()
        self.wait_for_size(len(self.nodes))

    def wait_for_size(self, size, timeout_s=60):
        for node in self.nodes:
            if node.child is not None and node.child.is_running():
                wait_until(lambda node=node: node.status("wsrep_cluster_size") == str(size),
                           f"node {node.number} in a cluster of {size}", timeout_s, child=node.child)

    def stop(self):
        """The last to stop is the first node."""
        for node in reversed(self.nodes):
            node.stop()
