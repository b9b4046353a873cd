module dev.slipway/helper

go 1.25
