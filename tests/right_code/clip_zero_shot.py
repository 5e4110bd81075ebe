"""Zero-shot classification multiplies by 100 and takes a softmax over classes."""

import torch


def classify(image_features, text_features):
    image_features = image_features / image_features.norm(dim=-1, keepdim=True)
    text_features = text_features / text_features.norm(dim=-1, keepdim=True)
    return (100.0 * image_features @ text_features.T).softmax(dim=-1)


def inputs():
    return torch.randn(3, 32), torch.randn(4, 32)
