"""The papers whose claims are tested, by their titles."""

MULTI_TASK = (
    "Beyond Full Fine-tuning: Harnessing the Power of LoRA for Multi-Task Instruction Tuning"
)
LEARNS_LESS = "LoRA Learns Less and Forgets Less"
ILLUSION = "LoRA vs Full Fine-tuning: An Illusion of Equivalence"
