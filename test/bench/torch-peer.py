"""The bench's peer: the same T5 v1.1, loss and AdamW in PyTorch, driven by JSON lines on stdin (see torch-peer.ts)."""
import json
import sys
import time

import numpy
import torch
import torch.nn.functional as F


def read_safetensors(path):
    """Float32 tensors of a safetensors file by name."""
    raw = open(path, "rb").read()
    begin = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:begin])
    return {
        name: torch.from_numpy(
            numpy.frombuffer(raw[begin + t["data_offsets"][0] : begin + t["data_offsets"][1]], numpy.float32)
            .reshape(t["shape"])
            .copy()
        )
        for name, t in header.items()
        if name != "__metadata__"
    }


def relative_buckets(length, bidirectional, c):
    """T5's buckets of key − query: half of them exact, the rest logarithmic."""
    position = torch.arange(length)
    relative = position[None, :] - position[:, None]
    buckets = c["relative_attention_num_buckets"] // (2 if bidirectional else 1)
    offset = (relative > 0).long() * buckets if bidirectional else 0
    n = relative.abs() if bidirectional else (-relative).clamp(min=0)
    exact = buckets // 2
    ratio = torch.log(n.clamp(min=1).double() / exact) / numpy.log(c["relative_attention_max_distance"] / exact)
    large = (exact + (ratio * (buckets - exact)).long()).clamp(max=buckets - 1)
    return offset + torch.where(n < exact, n, large)


class T5(torch.nn.Module):
    """T5 v1.1 without dropout, with a head for the number tokens only. Linear weights are [out, in], as in nn.Linear."""

    def __init__(self, config, tensors, linear):
        super().__init__()
        self.c = config
        self.names = {name: name.replace(".", "/") for name in tensors}
        for name, t in tensors.items():
            value = t.t().contiguous() if name in linear else t
            self.register_parameter(self.names[name], torch.nn.Parameter(value))

    def w(self, name):
        return getattr(self, self.names[name + ".weight"])

    def norm(self, x, name):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.c["layer_norm_epsilon"]) * self.w(name)

    def attend(self, queries, keys, prefix, bias):
        def heads(x, part):
            y = F.linear(x, self.w(f"{prefix}.{part}"))
            return y.view(x.shape[0], x.shape[1], self.c["num_heads"], self.c["d_kv"]).transpose(1, 2)

        scores = heads(queries, "q") @ heads(keys, "k").transpose(2, 3) + bias
        context = torch.softmax(scores, -1) @ heads(keys, "v")
        return F.linear(context.transpose(1, 2).flatten(2), self.w(f"{prefix}.o"))

    def feed_forward(self, x, prefix):
        h = self.norm(x, f"{prefix}.layer_norm")
        dense = f"{prefix}.DenseReluDense"
        gate = F.gelu(F.linear(h, self.w(f"{dense}.wi_0")), approximate="tanh")
        return x + F.linear(gate * F.linear(h, self.w(f"{dense}.wi_1")), self.w(f"{dense}.wo"))

    def bias(self, side, buckets):
        table = self.w(f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias")
        return F.embedding(buckets, table).permute(2, 0, 1).unsqueeze(0)

    def forward(self, ids, decoder_ids, targets, weights, encoder_buckets, decoder_buckets, causal):
        """Σ w · −log p(target), nats."""
        padding = (ids == 0).to(weights.dtype)[:, None, None, :] * -1e9
        bias = self.bias("encoder", encoder_buckets) + padding
        x = F.embedding(ids, self.w("shared"))
        for i in range(self.c["num_layers"]):
            block = f"encoder.block.{i}.layer"
            h = self.norm(x, f"{block}.0.layer_norm")
            x = x + self.attend(h, h, f"{block}.0.SelfAttention", bias)
            x = self.feed_forward(x, f"{block}.1")
        states = self.norm(x, "encoder.final_layer_norm")
        bias = self.bias("decoder", decoder_buckets) + causal
        x = F.embedding(decoder_ids, self.w("shared"))
        for i in range(self.c["num_decoder_layers"]):
            block = f"decoder.block.{i}.layer"
            h = self.norm(x, f"{block}.0.layer_norm")
            x = x + self.attend(h, h, f"{block}.0.SelfAttention", bias)
            x = x + self.attend(self.norm(x, f"{block}.1.layer_norm"), states, f"{block}.1.EncDecAttention", padding)
            x = self.feed_forward(x, f"{block}.2")
        logits = F.linear(self.norm(x, "decoder.final_layer_norm"), self.w("lm_head"))
        return (F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none") * weights.flatten()).sum()


class Trainer:
    def __init__(self, r):
        torch.set_num_threads(r["threads"])
        self.device = torch.device(r["device"])
        tensors, linear, o = read_safetensors(r["weights"]), set(r["linear"]), r["optimizer"]
        self.model = T5(r["config"], tensors, linear).to(self.device)
        self.config, self.clip_norm = r["config"], o["clipNorm"]
        decayed = {self.model.names[name] for name in linear}
        groups = [
            {"params": [p for n, p in self.model.named_parameters() if n in decayed], "weight_decay": o["weightDecay"]},
            {"params": [p for n, p in self.model.named_parameters() if n not in decayed], "weight_decay": 0.0},
        ]
        # foreach, all tensors in one call, is the faster way on GPUs and no slower on CPUs.
        betas = (o["beta1"], o["beta2"])
        self.optimizer = torch.optim.AdamW(groups, lr=0.0, betas=betas, eps=o["epsilon"], foreach=True)
        self.loss = torch.compile(self.model) if r["compile"] else self.model

    def run(self, r):
        k, batch, length, steps = r["runSteps"], r["batch"], r["length"], r["steps"]
        put = lambda name, shape, dtype: torch.tensor(r[name], dtype=dtype, device=self.device).view(k, batch, shape)
        ids, decoder_ids = put("inputIds", length, torch.long), put("decoderIds", steps, torch.long)
        targets, weights = put("targets", steps, torch.long), put("weights", steps, torch.float32)
        encoder_buckets = relative_buckets(length, True, self.config).to(self.device)
        decoder_buckets = relative_buckets(steps, False, self.config).to(self.device)
        causal = torch.full((steps, steps), -1e9, device=self.device).triu(1)
        losses = []
        self.synchronize()
        begin, processor = time.perf_counter(), time.process_time()
        for i in range(k):
            for group in self.optimizer.param_groups:
                group["lr"] = r["rates"][i]
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(
                ids[i], decoder_ids[i], targets[i], weights[i], encoder_buckets, decoder_buckets, causal
            )
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
            self.optimizer.step()
            losses.append(loss.detach())
        self.synchronize()
        milliseconds = 1000 * (time.perf_counter() - begin)
        processor = 1000 * (time.process_time() - processor)
        return {"milliseconds": milliseconds, "processor": processor, "loss": [float(l) for l in losses]}

    def synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def main():
    print(json.dumps({"version": torch.__version__, "cuda": torch.cuda.is_available()}), flush=True)
    trainer = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["command"] == "load":
            trainer = Trainer(request)
            answer = {"threads": torch.get_num_threads()}
        else:
            answer = trainer.run(request)
        print(json.dumps(answer), flush=True)


main()
