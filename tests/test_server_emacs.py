"""The language server with the real Emacs, set up as docs/editors.md says: what eglot shows, and what it edits."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from editors_page import block, environment
from test_documents import BUGGY

pytestmark = [
    pytest.mark.editors,
    pytest.mark.skipif(shutil.which("emacs") is None, reason="no Emacs here; .ci/editors installs it"),
]
SCRIPT = """
(require 'cl-lib)
(require 'json)
(require 'package)
(package-initialize)
(setq coding-system-for-write 'utf-8)
(setq eglot-sync-connect 30 eglot-autoshutdown nil)
(load (expand-file-name "setup.el") nil t)
(require 'eglot)

(defun found ()
  (mapcar (lambda (one)
            (list :line (line-number-at-pos (flymake-diagnostic-beg one))
                  :text (buffer-substring-no-properties (flymake-diagnostic-beg one) (flymake-diagnostic-end one))
                  :said (substring-no-properties (flymake-diagnostic-text one))))
          (sort (flymake-diagnostics)
                (lambda (a b) (< (flymake-diagnostic-beg a) (flymake-diagnostic-beg b))))))

(defun wait-for (number)
  (let ((end (+ (float-time) 60)))
    (while (and (/= (length (flymake-diagnostics)) number) (< (float-time) end))
      (accept-process-output nil 0.1)
      (when flymake-mode (ignore-errors (flymake-start))))
    (= (length (flymake-diagnostics)) number)))

(find-file "model.py")
(python-mode)
(call-interactively #'eglot)
(let* ((waited (wait-for 2)) (before (found)))
  (goto-char (point-min))
  (search-forward "masked_fill")
  (cl-letf (((symbol-function 'completing-read)
             (lambda (_prompt titles &rest _)
               (cl-find-if (lambda (title) (string-match-p "^Unsafe fix" title)) (all-completions "" titles)))))
    (let ((last-nonmenu-event ?a))  ; as if a key was pressed: no menu pops up
      (call-interactively #'eglot-code-actions)))
  (with-current-buffer "model.py" (save-buffer))  ; which tells the change; nothing is idle in a batch
  (let ((again (wait-for 1)))
    (with-temp-file "report.json"
      (insert (json-serialize
               (list :waited (if waited t :false) :before (vconcat before) :again (if again t :false)
                     :after (vconcat (with-current-buffer "model.py" (found)))
                     :text (with-current-buffer "model.py" (buffer-string))))))))
"""


def test_diagnostics_and_a_code_action(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(BUGGY.replace("    scores.masked", "    '🤗'; scores.masked"), "utf-8")
    (tmp_path / "setup.el").write_text(block("Emacs", "elisp"), "utf-8")
    (tmp_path / "drive.el").write_text(SCRIPT, "utf-8")
    done = subprocess.run(
        ["emacs", "--batch", "-q", "-l", "drive.el"],
        cwd=tmp_path,
        env=environment(tmp_path),
        timeout=150,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert said["waited"], done.stderr
    assert [one["line"] for one in said["before"]] == [5, 6]
    assert said["before"][1]["text"] == "scores.masked_fill(mask == 0, float('-inf'))"
    assert "ATN204" in said["before"][1]["said"]
    assert said["text"] == BUGGY.replace("    scores.masked", "    '🤗'; scores = scores.masked")
    assert said["again"]
    assert [one["line"] for one in said["after"]] == [5]
