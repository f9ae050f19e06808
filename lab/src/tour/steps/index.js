/**
 * The steps of the tour, in order.
 * @import { TourStep } from "../../types.js"
 */

import adam from "./adam.js";
import attention from "./attention.js";
import backward from "./backward.js";
import cartridge from "./cartridge.js";
import digits from "./digits.js";
import embeddings from "./embeddings.js";
import loss from "./loss.js";
import mlp from "./mlp.js";
import q88 from "./q88.js";
import residual from "./residual.js";
import row from "./row.js";
import temperature from "./temperature.js";
import tokenizer from "./tokenizer.js";
import training from "./training.js";
import values from "./values.js";

/** @type {TourStep[]} */
export const STEPS = [
  tokenizer,
  values,
  embeddings,
  attention,
  mlp,
  residual,
  loss,
  backward,
  adam,
  training,
  temperature,
  q88,
  digits,
  row,
  cartridge,
];
