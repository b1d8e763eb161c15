# Runner, services and tracer: one image, each container says which it is.
ARG PYTHON=python:3.12-slim
FROM ${PYTHON}
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY copper copper
COPY tracer tracer
COPY viz viz
COPY docs docs
RUN pip install --no-cache-dir ".[web]" && rm -rf /source && mkdir -p /copper && chmod 1777 /copper
WORKDIR /copper
ENV PYTHONUNBUFFERED=1 HOME=/tmp
USER 1000:1000
CMD ["copper", "--help"]
