"""The language server with the real Neovim: what a person sees there, and what the code action makes of the buffer."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_documents import BUGGY

pytestmark = [
    pytest.mark.editors,
    pytest.mark.skipif(shutil.which("nvim") is None, reason="no Neovim here; .ci/editors installs it"),
]

SCRIPT = """
local server, report = vim.env.ATTNLINT_SERVER, vim.env.ATTNLINT_REPORT
local buffer = vim.api.nvim_get_current_buf()
local settings = { name = "attnlint", cmd = vim.json.decode(server), root_dir = vim.fn.getcwd() }
local id
if vim.lsp.start then
  id = vim.lsp.start(settings)
else
  id = vim.lsp.start_client(settings)
  vim.lsp.buf_attach_client(buffer, id)
end

local function found()
  local seen = {}
  for _, one in ipairs(vim.diagnostic.get(buffer)) do
    local code = one.code or (one.user_data and one.user_data.lsp and one.user_data.lsp.code)
    table.insert(seen, { line = one.lnum + 1, column = one.col + 1, code = code, message = one.message })
  end
  table.sort(seen, function(a, b) return a.line < b.line end)
  return seen
end

local function wait(number)
  return vim.wait(30000, function() return #found() == number end, 20)
end

local result = { waited = wait(2), before = found() }
local line = result.before[2].line - 1
local range = { start = { line = line, character = 14 }, ["end"] = { line = line, character = 14 } }
local params = { textDocument = vim.lsp.util.make_text_document_params(buffer), range = range,
                 context = { diagnostics = {}, only = { "quickfix" } } }
local client = vim.lsp.get_client_by_id(id)
local answer = client.request_sync("textDocument/codeAction", params, 30000, buffer)
for _, action in ipairs(answer.result) do
  if action.title:find("Unsafe fix") then
    result.title = action.title
    vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
  end
end
result.waited_again = wait(1)
result.after = found()
result.text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\\n") .. "\\n"
vim.fn.writefile({ vim.json.encode(result) }, report)
vim.cmd("qall!")
"""


def test_diagnostics_and_a_code_action(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(BUGGY.replace("    scores.masked", "    '🤗'; scores.masked"), "utf-8")
    (tmp_path / "drive.lua").write_text(SCRIPT, "utf-8")
    report = tmp_path / "report.json"
    subprocess.run(
        ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "model.py", "+luafile drive.lua"],
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "ATTNLINT_SERVER": json.dumps([sys.executable, "-m", "attnlint", "server"]),
            "ATTNLINT_REPORT": str(report),
        },
        timeout=120,
        check=True,
        capture_output=True,
    )
    said = json.loads(report.read_text("utf-8"))
    assert said["waited"]
    assert [one["line"] for one in said["before"]] == [5, 6]
    assert said["before"][1]["column"] == len("    '🤗'; ".encode()) + 1
    assert said["title"] == "Unsafe fix: Assign the result back (ATN204)"
    assert said["text"] == BUGGY.replace("    scores.masked", "    '🤗'; scores = scores.masked")
    assert said["waited_again"]
    assert [one["line"] for one in said["after"]] == [5]
