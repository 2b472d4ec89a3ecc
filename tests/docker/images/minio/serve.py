"""Serves S3 on port 9000 under MINIO_ROOT_USER and MINIO_ROOT_PASSWORD until SIGTERM. Its arguments are not read."""
import os
import signal

from radosgw import RadosGateway

gateway = RadosGateway("0.0.0.0", 9000, os.environ["MINIO_ROOT_USER"], os.environ["MINIO_ROOT_PASSWORD"])
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
gateway.start()
with open("/tmp/ready", "w", encoding="ascii"):
    pass
signal.sigwait({signal.SIGTERM, signal.SIGINT})
gateway.stop()
