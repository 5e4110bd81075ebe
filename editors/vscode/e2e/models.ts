/** Code with bugs. */

/** A mask that is thrown away (ATN204), dropout in evaluation (ATN402), and a comment that silences nothing (ATN001). */
export const MODEL = `import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads, self.head_dim = heads, dim // heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        B, T, C = x.shape  # attnlint: ignore[ATN301]
        qkv = self.qkv(x).view(B, T, 3, self.heads, self.head_dim)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        scores = q @ k.transpose(-2, -1) / self.head_dim**0.5
        scores.masked_fill(mask == 0, float("-inf"))
        weights = F.dropout(scores.softmax(dim=-1), 0.1)
        return (weights @ v).transpose(1, 2).reshape(B, T, C)
`;

export const SAFELY_MENDED = MODEL.replace("  # attnlint: ignore[ATN301]", "").replace(
  "0.1)",
  "0.1 if self.training else 0.0)",
);

/** Where `MODEL` throws its mask away. */
export const DROPPED = { line: 16, column: 12 };

export const NOTEBOOK = JSON.stringify({
  cells: [
    { cell_type: "markdown", metadata: {}, source: "# A model" },
    { cell_type: "code", execution_count: null, metadata: {}, outputs: [], source: MODEL.trimEnd() },
  ],
  metadata: { language_info: { name: "python" } },
  nbformat: 4,
  nbformat_minor: 5,
});
