"""The language server with the real Neovim, set up as docs/editors.md says for its version: what a person sees, and
what the code action makes of the buffer."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from editors_page import blocks, environment
from test_documents import BUGGY

pytestmark = [
    pytest.mark.editors,
    pytest.mark.skipif(shutil.which("nvim") is None, reason="no Neovim here; .ci/editors installs it"),
]

SCRIPT = """
local buffer = vim.api.nvim_get_current_buf()
for number = 1, 3 do assert(loadfile(number .. ".lua")) end
if vim.fn.has("nvim-0.8") == 1 then
  dofile(vim.fn.has("nvim-0.11") == 1 and "1.lua" or "3.lua")
  vim.bo[buffer].filetype = "python"
else
  local settings = { name = "attnlint", cmd = { "attnlint", "server" }, root_dir = vim.fn.getcwd() }
  vim.lsp.buf_attach_client(buffer, vim.lsp.start_client(settings))
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
local line = result.before[2] and result.before[2].line - 1 or 0
local range = { start = { line = line, character = 14 }, ["end"] = { line = line, character = 14 } }
local params = { textDocument = vim.lsp.util.make_text_document_params(buffer), range = range,
                 context = { diagnostics = {}, only = { "quickfix" } } }
local client = (vim.lsp.get_clients or vim.lsp.get_active_clients)()[1]
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
vim.fn.writefile({ vim.json.encode(result) }, "report.json")
vim.cmd("qall!")
"""


def test_diagnostics_and_a_code_action(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(BUGGY.replace("    scores.masked", "    '🤗'; scores.masked"), "utf-8")
    (tmp_path / "drive.lua").write_text(SCRIPT, "utf-8")
    for number, (language, code) in enumerate(blocks("Neovim"), 1):
        assert language == "lua"
        (tmp_path / f"{number}.lua").write_text(code, "utf-8")
    subprocess.run(
        ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "model.py", "+luafile drive.lua"],
        cwd=tmp_path,
        env=environment(tmp_path),
        timeout=120,
        check=True,
        capture_output=True,
    )
    said = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert said["waited"]
    assert [one["line"] for one in said["before"]] == [5, 6]
    assert said["before"][1]["column"] == len("    '🤗'; ".encode()) + 1
    assert said["title"] == "Unsafe fix: Assign the result back (ATN204)"
    assert said["text"] == BUGGY.replace("    scores.masked", "    '🤗'; scores = scores.masked")
    assert said["waited_again"]
    assert [one["line"] for one in said["after"]] == [5]
