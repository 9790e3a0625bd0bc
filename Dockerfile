# The dashboard on the CPU, as anybody but root. The same image serves as a Docker Space of Hugging Face (app_port: 8501).
#
#   docker build -t vampscope .
#   docker run --rm -p 8501:8501 vampscope
#
# On Linux the torch of the Python package index brings CUDA along, which makes the image large. PyTorch's own index of CPU
# wheels makes it small: hand its address over as --build-arg PIP_EXTRA_INDEX_URL=...
FROM python:3.12-slim

ARG PIP_EXTRA_INDEX_URL=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1

# Spaces run an image as user 1000.
RUN useradd --create-home --uid 1000 vampscope
WORKDIR /home/vampscope/app

# The third parties change seldom: a layer of their own, without the package itself.
COPY requirements.txt .
RUN grep -v '^-e' requirements.txt > /tmp/requirements.txt \
    && PIP_EXTRA_INDEX_URL="$PIP_EXTRA_INDEX_URL" pip install -r /tmp/requirements.txt \
    && rm /tmp/requirements.txt

COPY . .
RUN pip install --no-deps -e . \
    && mkdir -p data runs \
    && chown vampscope:vampscope data runs

USER vampscope
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
# Nothing changes in an image: no files to watch.
CMD ["streamlit", "run", "app/asgi.py", "--server.address=0.0.0.0", "--server.port=8501", "--server.headless=true", "--server.fileWatcherType=none"]
