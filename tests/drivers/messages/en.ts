/** What `test-drivers` says in English. */
export const EN = {
  options: { driver: "drivers by a part of their names (all)", bench: "measure kernels and steps on them as well" },
  description: "Runs the numeric tests on every software driver there is, and compiles all shaders in Dawn. " +
    "tests/drivers/unpack_mesa25.sh brings Mesa 25.",
};

/** What `test-drivers` says: every language has every entry. */
export type DriverMessages = typeof EN;
