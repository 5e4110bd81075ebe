import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { expanded } from "../src/expand";
import { forServer, pathSetting, RESTARTING } from "../src/settings";
import { machine } from "./machine";

const host = machine([], { env: { CONDA_PREFIX: "/conda" } });

describe("paths in settings", () => {
  test.each([
    ["/opt/attnlint", "/opt/attnlint"],
    ["  /opt/attnlint\n", "/opt/attnlint"],
    ["~/bin/attnlint", "/home/ada/bin/attnlint"],
    ["~", "/home/ada"],
    ["~ada/attnlint", "~ada/attnlint"],
    ["${workspaceFolder}/.venv/bin/python", "/work/.venv/bin/python"],
    ["${userHome}/bin", "/home/ada/bin"],
    ["${env:CONDA_PREFIX}/bin/python", "/conda/bin/python"],
    ["${env:NONE}/bin", "/bin"],
    ["${other}/bin", "${other}/bin"],
  ])("%s", (given, path) => {
    expect(expanded(given, "/work", host)).toBe(path);
  });

  test("without a folder, its variable stays as it is", () => {
    expect(expanded("${workspaceFolder}/x", undefined, host)).toBe("${workspaceFolder}/x");
  });

  test("a value with the signs of a replacement pattern is taken literally", () => {
    expect(expanded("${workspaceFolder}/x", "/work/$&", host)).toBe("/work/$&/x");
  });

  test.each([null, undefined, "", "  ", 3])("%j is no path", (value) => {
    expect(pathSetting(value, "/work", host)).toBe("");
  });
});

describe("what the server is told", () => {
  test("its settings as they are, and none of the extension's own", () => {
    const settings = {
      enable: true,
      select: ["ATN1"],
      path: "/x",
      interpreter: "/y",
      prose: true,
      trace: { server: "off" },
    };
    expect(forServer(settings, "/work", host)).toEqual({ enable: true, select: ["ATN1"] });
  });

  test.each([
    [null, null],
    ["", null],
    ["lint/attnlint.toml", "/work/lint/attnlint.toml"],
    ["/etc/attnlint.toml", "/etc/attnlint.toml"],
    ["~/attnlint.toml", "/home/ada/attnlint.toml"],
  ])("the configuration file %j as %j", (configuration, path) => {
    expect(forServer({ configuration }, "/work", host)).toEqual({ configuration: path });
  });
});

describe("the manifest", () => {
  interface Property {
    readonly default?: unknown;
    readonly scope?: string;
  }
  interface Manifest {
    readonly contributes: { readonly configuration: { readonly properties: Readonly<Record<string, Property>> } };
    readonly capabilities: { readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] } };
  }
  const manifest = JSON.parse(readFileSync("package.json", "utf-8")) as Manifest;
  const { properties } = manifest.contributes.configuration;
  const readme = readFileSync("README.md", "utf-8");

  test("every setting has a default, so that null means not set", () => {
    expect(Object.entries(properties).filter(([, property]) => property.default === undefined)).toEqual([]);
  });

  test("what starts another server is a setting", () => {
    expect(RESTARTING.filter((name) => !(name in properties))).toEqual([]);
  });

  test("a workspace cannot name a program before it is trusted", () => {
    const programs = Object.keys(properties).filter((name) => properties[name]?.scope === "machine-overridable");
    expect(programs.sort()).toEqual([...manifest.capabilities.untrustedWorkspaces.restrictedConfigurations].sort());
  });

  test.each(Object.keys(properties))("the README explains %s", (name) => {
    expect(readme).toContain(`\`${name}\``);
  });
});
