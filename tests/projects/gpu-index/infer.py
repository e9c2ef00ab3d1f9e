import torch
from tqdm import trange

for _ in trange(3):
    pass
print("torch", torch.__version__, "cuda", torch.cuda.is_available())
