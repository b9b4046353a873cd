package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm"
	"k8s.io/kubernetes/cmd/kubeadm/app/phases/certs"
	"k8s.io/kubernetes/cmd/kubeadm/app/phases/controlplane"
	"k8s.io/kubernetes/cmd/kubeadm/app/phases/etcd"
	"k8s.io/kubernetes/cmd/kubeadm/app/phases/kubeconfig"
	"k8s.io/kubernetes/cmd/kubeadm/app/util/config"
)

const (
	kubernetesDir   = "/etc/kubernetes" // fixed by kubeadm
	adminKubeconfig = kubernetesDir + "/super-admin.conf"
	proxyKubeconfig = kubernetesDir + "/kube-proxy.conf"
	validity        = 10 * 365 * 24 * time.Hour // nobody renews the certificates of a local cluster
)

// controlPlane creates certificates and kubeconfigs with kubeadm. It returns the commands of kubeadm's static pods by name.
func (o *options) controlPlane() (map[string][]string, error) {
	cfg, err := config.DefaultedStaticInitConfiguration()
	if err != nil {
		return nil, err
	}
	cfg.LocalAPIEndpoint = kubeadm.APIEndpoint{AdvertiseAddress: "127.0.0.1", BindPort: int32(o.port)}
	cfg.ControlPlaneEndpoint = net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port))
	cfg.NodeRegistration.Name = o.nodeName
	cfg.CertificatesDir = filepath.Join(o.dataDir, "server/tls")
	cfg.Networking = kubeadm.Networking{ServiceSubnet: o.serviceCIDR, PodSubnet: o.clusterCIDR, DNSDomain: "cluster.local"}
	cfg.EncryptionAlgorithm = kubeadm.EncryptionAlgorithmECDSAP256
	cfg.CertificateValidityPeriod = &metav1.Duration{Duration: validity}
	cfg.APIServer.CertSANs = append([]string{"localhost"}, o.tlsSANs...)
	// The endpoint of the Service `kubernetes` must not be loopback. Nothing else uses this address, because it may
	// change when the container restarts.
	cfg.APIServer.ExtraArgs = []kubeadm.Arg{{Name: "advertise-address", Value: o.nodeIP}}
	// With a single instance, leader election only delays the start by seconds.
	alone := []kubeadm.Arg{{Name: "leader-elect", Value: "false"}}
	cfg.ControllerManager.ExtraArgs, cfg.Scheduler.ExtraArgs = alone, alone
	cfg.Etcd.Local = &kubeadm.LocalEtcd{
		DataDir: filepath.Join(o.dataDir, "server/db/etcd"),
		// Without fsync the cluster starts a second sooner. A power failure may lose the last writes; killing the
		// container loses nothing.
		ExtraArgs: []kubeadm.Arg{{Name: "unsafe-no-fsync", Value: "true"}, {Name: "log-level", Value: "error"}},
	}

	// Leaf certificates contain addresses and names that may have changed. The CAs and the service account key are kept.
	for _, leaf := range []string{"apiserver", "apiserver-kubelet-client", "apiserver-etcd-client", "front-proxy-client", "etcd/server", "etcd/peer", "etcd/healthcheck-client"} {
		for _, ending := range []string{".crt", ".key"} {
			if err := os.Remove(filepath.Join(cfg.CertificatesDir, leaf+ending)); err != nil && !os.IsNotExist(err) {
				return nil, err
			}
		}
	}
	if err := certs.CreatePKIAssets(cfg); err != nil {
		return nil, err
	}
	for _, name := range []string{"super-admin.conf", "controller-manager.conf", "scheduler.conf", "kubelet.conf"} {
		if err := kubeconfig.CreateKubeConfigFile(name, kubernetesDir, cfg); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(proxyKubeconfig, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := kubeconfig.WriteKubeConfigWithClientCert(f, cfg, "system:kube-proxy", nil, time.Now().Add(validity)); err != nil {
		return nil, err
	}

	commands := map[string][]string{}
	pods := controlplane.GetStaticPodSpecs(&cfg.ClusterConfiguration, &cfg.LocalAPIEndpoint, nil)
	pods["etcd"] = etcd.GetEtcdPodSpec(&cfg.ClusterConfiguration, &cfg.LocalAPIEndpoint, o.nodeName, nil)
	for name, pod := range pods {
		commands[name] = pod.Spec.Containers[0].Command
	}
	return commands, nil
}

// publishKubeconfig writes the administrator's kubeconfig. It writes in place, so that an existing file keeps its owner.
func (o *options) publishKubeconfig() error {
	mode, err := strconv.ParseUint(o.kubeconfigMode, 8, 32)
	if err != nil {
		return fmt.Errorf("--write-kubeconfig-mode: must be an octal mode such as 600 (got %q)", o.kubeconfigMode)
	}
	content, err := os.ReadFile(adminKubeconfig)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.kubeconfig), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(o.kubeconfig, content, os.FileMode(mode)); err != nil {
		return err
	}
	return os.Chmod(o.kubeconfig, os.FileMode(mode))
}
