"""CLIP: a product of two normalised embeddings times a learned scale; its softmax is a loss, not attention."""

import torch
from torch import nn


class CLIPHead(nn.Module):
    def __init__(self, embed_dim=32, projection_dim=16):
        super().__init__()
        self.visual_projection = nn.Linear(embed_dim, projection_dim, bias=False)
        self.text_projection = nn.Linear(embed_dim, projection_dim, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(2.6592))

    def forward(self, image, text):
        image_embeds = self.visual_projection(image)
        text_embeds = self.text_projection(text)
        image_embeds = image_embeds / image_embeds.norm(p=2, dim=-1, keepdim=True)
        text_embeds = text_embeds / text_embeds.norm(p=2, dim=-1, keepdim=True)
        logits_per_text = torch.matmul(text_embeds, image_embeds.t()) * self.logit_scale.exp()
        return logits_per_text.t().softmax(dim=-1)


def inputs():
    return torch.randn(3, 32), torch.randn(4, 32)
