module dev.slipway/app

go 1.25
