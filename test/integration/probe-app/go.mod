module dev.slipway/probe-app

go 1.25
