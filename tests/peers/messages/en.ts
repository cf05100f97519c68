/** What comparisons with other programs say in English. */
export const EN = {
  peers: {
    description:
      "Compares a training step of this project with jax-js and PyTorch on the same machine. What is not there is skipped.",
    options: {
      config: "models whose step is compared",
      rounds: "rounds that take turns; the best of each counts",
      python: "a Python that has torch; also by the variable VICUNA_PEERS_PYTHON",
    },
  },
  generation: {
    description:
      "Compares generation of this project with llama.cpp's, on the same device and on the processor. Needs Node.js.",
    options: {
      config: "model that generates",
      rounds: "rounds that take turns; the best of each counts",
      llamaCpp: "folder that tests/interop/llama_cpp.json was installed into; also by the variable VICUNA_LLAMA_CPP",
    },
  },
};

/** What comparisons with other programs say: every language has every entry. */
export type PeerMessages = typeof EN;
