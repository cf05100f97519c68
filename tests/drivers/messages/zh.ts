import type { DriverMessages } from "./en.ts";

/** What `test-drivers` says in Chinese. */
export const ZH: DriverMessages = {
  options: { driver: "按名称的一部分选择驱动（全部）", bench: "同时在这些驱动上测速" },
  description:
    "在本机的每个软件驱动上运行数值测试，并用 Dawn 编译所有着色器。Mesa 25 由 tests/drivers/unpack_mesa25.sh 解包。",
};
