# A server of what this folder's history has released; docs/deploy.md has the steps.
# Build it in a folder with a clone (here) and a history beside it:
#   docker build --tag predictions --build-context history=/folder/with/.metaflow .
FROM python:3.11-slim

WORKDIR /app
COPY . /app
RUN pip install --no-cache-dir --constraint constraints.txt ".[serve]" \
    && useradd --create-home --uid 1000 server

# Only what a server reads: no code of flows, nothing of other folders.
COPY --from=history --chown=server .metaflow /opt/ml/model/.metaflow

ENV METAFLOW_DATASTORE_SYSROOT_LOCAL=/opt/ml/model \
    METAFLOW_USER=server \
    MLSTAGES_HOST=0.0.0.0 \
    MLSTAGES_PORT=8080

USER server
WORKDIR /home/server
EXPOSE 8080
# Also `docker run predictions serve`, which is how SageMaker starts it.
ENTRYPOINT ["mlstages"]
CMD ["serve"]
