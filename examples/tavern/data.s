; What art.py has made, by bank. `ground` is in the program's bank: the handler reads it at every step.

        .include "game.inc"

        .export back_tiles, back_map, front_tiles, front_map, letter_tiles, fire_tiles, sprite_tiles
        .export text_palettes, room_palettes, sprite_palettes, ground

        .segment "CODE"
ground:          .incbin "ground.bin"
text_palettes:   .incbin "text_palettes.bin"
room_palettes:   .incbin "room_palettes.bin"
sprite_palettes: .incbin "sprite_palettes.bin"

        .segment "BANK1"
back_tiles:      .incbin "back_tiles.bin"

        .segment "BANK2"
front_tiles:     .incbin "front_tiles.bin"
sprite_tiles:    .incbin "sprites.bin"
letter_tiles:    .incbin "letters.bin"
fire_tiles:      .incbin "fire.bin"
front_map:       .incbin "front_map.bin"
back_map:        .incbin "back_map.bin"
